"""Whether the stack's delivery signed the images of a model, with their bills of materials, before it is served."""

from __future__ import annotations

from typing import Any, Final

from automation.operations import packages, shipping
from contracts.images import IMAGES
from contracts.names import WorkloadNames

#: What is said where nothing was verified: it is no word on whether there are signatures.
_UNCHECKED: Final = "its signature and bill of materials were not checked: give --key, or SIGNING_KEY"


def require(names: WorkloadNames, package: str, *, key: str | None, sagemaker: Any, ecr: Any) -> list[str]:
    """What was found of each image of a package, as a sentence. RefusedError for one that `key` did not sign.

    Images of others are told apart by their repository: `ship` signs the platform's own alone.
    """
    found = packages.describe(names, package, sagemaker=sagemaker)
    containers = found.get("InferenceSpecification", {}).get("Containers", [])
    return [_require(names, uri, key, ecr) for uri in sorted({container["Image"] for container in containers})]


def _require(names: WorkloadNames, uri: str, key: str | None, ecr: Any) -> str:
    ours = {names.ground.resource(image) for image in IMAGES}
    if uri.partition("@")[0].rpartition("/")[2] not in ours:
        return f"image {uri} is of others: who made it signs it, and nothing of that was checked"
    if key is None:
        return f"image {uri}: {_UNCHECKED}"
    shipping.verify(uri, ecr=ecr, key=key)
    return f"image {uri}: signature and bill of materials by {key} verified"
