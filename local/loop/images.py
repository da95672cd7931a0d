"""Container images without a container engine: what the build would push, as far as one machine can say it.

The digest that the platform pins is that of an image manifest. Here the manifest's config is the hash of everything the
Dockerfile copies in, so an image changes exactly when its sources or its locked requirements do. The manifest is put
into the emulated registry; the layers do not exist, and the jobs run from the sources themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: What each Dockerfile copies, relative to the project.
SOURCES = {
    "training": ("contracts", "workloads"),
    "inference": ("contracts", "workloads/__init__.py", "workloads/features", "workloads/inference"),
}
#: What .dockerignore keeps out of both.
IGNORED = ("workloads/inference/benchmark", "workloads/pipeline/definitions")
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"


def build(image: str, repository: str, *, ecr: Any) -> str:
    """Put the manifest of `image` (training or inference) into a repository; returns its URI by digest."""
    content = content_hash(SOURCES[image])
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
            imageTag=content[:12],
            imageDigest=digest,
        )
    return f"{uri}@{digest}"


def content_hash(sources: Iterable[str]) -> str:
    """SHA-256 over names and bytes of all files of `sources` (files or directories), caches left out."""
    digest = hashlib.sha256()
    for path in sorted(p for source in sources for p in _files(ROOT / source)):
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(path: Path) -> Iterable[Path]:
    found = [path] if path.is_file() else path.rglob("*")
    return (p for p in found if p.is_file() and not _ignored(p))


def _ignored(path: Path) -> bool:
    return "__pycache__" in path.parts or path.relative_to(ROOT).as_posix().startswith(IGNORED)


def _digests(ecr: Any, repository: str) -> set[str]:
    pages = ecr.get_paginator("list_images").paginate(repositoryName=repository)
    return {image["imageDigest"] for page in pages for image in page["imageIds"]}
