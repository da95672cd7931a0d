"""Container images without a container engine: what the build would push, as far as one machine can say it.

The digest that the platform pins is that of an image manifest. Here the manifest's config is the hash of everything the
Dockerfile copies in, so an image changes exactly when its sources or its locked requirements do. The manifest is put
into the emulated registry; the layers do not exist, and the jobs run from the sources themselves.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from contracts.images import IMAGES, ROOT, Image

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"


def build(image: str, repository: str, *, ecr: Any) -> str:
    """Put the manifest of `image`, as `IMAGES` calls it, into a repository; returns its URI by digest."""
    content = content_hash(IMAGES[image])
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": _CONFIG, "size": 0, "digest": f"sha256:{content}"},
            "layers": [],
        },
        sort_keys=True,
    )
    uri = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryUri"]
    digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
    if digest not in _digests(ecr, repository):  # tags are immutable: the same content is pushed once
        ecr.put_image(
            repositoryName=repository,
            imageManifest=manifest,
            imageManifestMediaType=_MANIFEST,
            imageTag=f"{IMAGES[image].tag_prefix}{content[:12]}",
            imageDigest=digest,
        )
    return f"{uri}@{digest}"


def content_hash(image: Image) -> str:
    """SHA-256 over the platform, and names and bytes of all files that decide what the image is."""
    digest = hashlib.sha256(image.platform.encode())
    for path in image.files():
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _digests(ecr: Any, repository: str) -> set[str]:
    pages = ecr.get_paginator("list_images").paginate(repositoryName=repository)
    return {image["imageDigest"] for page in pages for image in page["imageIds"]}
