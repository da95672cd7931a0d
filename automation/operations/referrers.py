"""What refers to an image in ECR: which artifacts are its signature and its bill of materials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from contracts.referrers import SBOM, SIGNATURE, Referrers

#: What an artifact of Sigstore says of what it holds (cosign 3, `pkg/oci/remote/write.go`: BundlePredicateType).
_PREDICATE: Final = "dev.sigstore.bundle.predicateType"
_OF_PREDICATE: Final = {
    "https://sigstore.dev/cosign/sign/v1": SIGNATURE,
    "https://spdx.dev/Document": SBOM,
    "https://cyclonedx.org/bom": SBOM,
}
#: Of Notation, and of what ECR itself signs with AWS Signer.
_OF_TYPE: Final = {"application/vnd.cncf.notary.signature": SIGNATURE}
#: When it was made (OCI image specification, "Pre-Defined Annotation Keys"); texts of one form, which sort by time.
_CREATED: Final = "org.opencontainers.image.created"


def listed(repository: str, digest: str, *, ecr: Any) -> Iterator[Mapping[str, Any]]:
    """All artifacts that refer to an image; none where the image is not there."""
    asked: dict[str, Any] = {"repositoryName": repository, "subjectId": {"imageDigest": digest}}
    while True:
        page = ecr.list_image_referrers(**asked)
        yield from page.get("referrers", [])
        if not page.get("nextToken"):
            return
        asked["nextToken"] = page["nextToken"]


def current(repository: str, digest: str, before: Referrers | None = None, *, ecr: Any) -> Referrers | None:
    """The newest of each kind, None where there is neither; or those from `before`, as long as all of them are there.

    Each delivery signs an image anew. What was recorded of it stays, or each would change all training pipelines.
    """
    found = list(listed(repository, digest, ecr=ecr))
    if before and before.image == digest and set(before.artifacts.values()) <= {each["digest"] for each in found}:
        return before
    oldest_first = sorted(found, key=lambda each: (_said(each, _CREATED), each["digest"]))
    artifacts = {kind: each["digest"] for each in oldest_first if (kind := _kind(each))}
    return Referrers(image=digest, artifacts=artifacts) if artifacts else None


def _kind(referrer: Mapping[str, Any]) -> str | None:
    return _OF_PREDICATE.get(_said(referrer, _PREDICATE)) or _OF_TYPE.get(referrer.get("artifactType", ""))


def _said(referrer: Mapping[str, Any], annotation: str) -> str:
    return referrer.get("annotations", {}).get(annotation, "")


def has(repository: str, digest: str, *, ecr: Any) -> bool:
    """Whether an image is in its repository still."""
    try:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageDigest": digest}])
    except ecr.exceptions.ImageNotFoundException:
        return False
    return True
