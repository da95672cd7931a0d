"""What refers to an image in its repository: its signature and its bill of materials, as a model package names them.

    sha256:<of the image> signature=sha256:<of the artifact> sbom=sha256:<of the artifact>

One line of 230 characters, for a value of a package's metadata has up to 256, and no comma (SageMaker API reference,
CreateModelPackage: CustomerMetadataProperties). The image is named too: a model that came in an image of others is
registered by the same pipeline, and nothing of this is about it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SIGNATURE: Final = "signature"
SBOM: Final = "sbom"
_DIGEST: Final = "sha256:[0-9a-f]{64}"
_TEXT: Final = re.compile(f"({_DIGEST})((?: (?:{SIGNATURE}|{SBOM})={_DIGEST})+)")


@dataclass(frozen=True, kw_only=True)
class Referrers:
    """Digest of an image, and by kind that of the artifact which refers to it."""

    image: str
    artifacts: Mapping[str, str]

    def text(self) -> str:
        """As packages and the parameter beside that of the image have it."""
        return " ".join(
            [self.image, *(f"{kind}={digest}" for kind, digest in sorted(self.artifacts.items(), reverse=True))]
        )


def parse(text: str) -> Referrers:
    """Raises ValueError for what `Referrers.text` did not write."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(
            f"found {text!r}; allowed: sha256:<image> {SIGNATURE}=sha256:<artifact> {SBOM}=sha256:<artifact>"
        )
    return Referrers(image=found[1], artifacts=dict(each.split("=") for each in found[2].split()))


def key(image: str) -> str:
    """Under which a package's metadata has them, for the training or the inference image."""
    return f"{image}_image_referrers"
