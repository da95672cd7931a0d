"""ECR: the digest of an image is that of its manifest.

moto hashes the digests of the layers, so images that differ in their configuration alone look the same.
Source: OCI image specification, "Image Manifest" and "Digests".
"""

from __future__ import annotations

import hashlib

from moto.ecr.models import Image

from local.emulator.extension import replace


def create_digest(self: Image) -> None:
    """Set the digest of an image that was pushed without one."""
    self._image_digest = f"sha256:{hashlib.sha256(self.image_manifest.encode()).hexdigest()}"


def install() -> None:
    """Correct the digest."""
    replace(Image, "_create_digest", create_digest)
