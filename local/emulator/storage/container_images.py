"""ECR: the digest of an image is that of its manifest, and what refers to an image is found by it.

moto hashes the digests of the layers, so images that differ in their configuration alone look the same.
Sources: OCI image specification, "Image Manifest" and "Digests"; Amazon ECR API reference, ListImageReferrers.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.models import Image
from moto.ecr.responses import ECRResponse

from local.emulator.extension import add, replace


def create_digest(self: Image) -> None:
    """Set the digest of an image that was pushed without one."""
    self._image_digest = f"sha256:{hashlib.sha256(self.image_manifest.encode()).hexdigest()}"


def subject(self: Image) -> str | None:
    """The digest of the image to which an artifact refers; None for an image."""
    return json.loads(self.image_manifest).get("subject", {}).get("digest")


def list_image_referrers(self: ECRResponse) -> ActionResult:
    """ListImageReferrers, on one page."""
    repository = self.ecr_backend._get_repository(self._get_param("repositoryName"), self._get_param("registryId"))
    wanted = self._get_param("subjectId")["imageDigest"]
    return ActionResult({"referrers": [_referrer(each) for each in repository.images if subject(each) == wanted]})


def _referrer(image: Image) -> dict[str, Any]:
    manifest = json.loads(image.image_manifest)
    return {
        "digest": image.get_image_digest(),
        "mediaType": image.image_manifest_media_type,
        "artifactType": manifest.get("artifactType") or manifest["config"]["mediaType"],
        "size": len(image.image_manifest.encode()),
        "annotations": manifest.get("annotations", {}),
        "artifactStatus": "ACTIVE",
    }


def install() -> None:
    """Correct the digest, and add what moto lacks."""
    replace(Image, "_create_digest", create_digest)
    add(Image, "subject_manifest_digest", property(subject))  # of DescribeImages
    add(ECRResponse, "list_image_referrers", list_image_referrers)
