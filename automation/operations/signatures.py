"""Whether the stack's delivery signed the images of a model, with their bills of materials, before it is served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from automation.operations import packages, referrers, shipping
from automation.operations.errors import RefusedError
from automation.operations.shipping import Signer
from contracts import architectures
from contracts.images import IMAGES, INFERENCE, INFERENCE_ARM64, TRAINING
from contracts.names import WorkloadNames
from contracts.referrers import Referrers, key, parse

#: What is said where nothing was verified: it is no word on whether there are signatures.
_UNCHECKED: Final = "its signature and bill of materials were not checked: give --key or --identity"


def require(names: WorkloadNames, package: str, *, by: Signer | None, sagemaker: Any, ecr: Any) -> list[str]:
    """What was found of each image of a package, as a sentence. RefusedError for one that was not signed `by` this, and
    for one whose signature or bill of materials is not that which the model was registered with.

    Images of others are told apart by their repository: `ship` signs the platform's own alone.
    """
    found = packages.describe(names, package, sagemaker=sagemaker)
    serving = architectures.images(found)
    return [*(_require(names, uri, by, ecr) for uri in serving), *_as_registered(names, found, serving, ecr)]


def _require(names: WorkloadNames, uri: str, by: Signer | None, ecr: Any) -> str:
    if _repository(uri) not in {names.ground.resource(image.repository) for image in IMAGES.values()}:
        return f"image {uri} is of others: who made it signs it, and nothing of that was checked"
    if by is None:
        return f"image {uri}: {_UNCHECKED}"
    shipping.verify(uri, ecr=ecr, by=by)
    return f"image {uri}: signature and bill of materials by {by} verified"


def _repository(uri: str) -> str:
    return uri.partition("@")[0].rpartition("/")[2]


def _as_registered(names: WorkloadNames, package: Mapping[str, Any], serving: list[str], ecr: Any) -> Iterator[str]:
    """What the package names of its images' signatures and bills of materials, compared with what is there now."""
    said = package.get("CustomerMetadataProperties", {})
    images = {INFERENCE: serving, INFERENCE_ARM64: serving, TRAINING: [said.get("training_image", "")]}
    for image, uris in images.items():
        if key(image) not in said:
            continue
        recorded, repository = _recorded(package, image), names.ground.resource(IMAGES[image].repository)
        if not any(uri.endswith(f"/{repository}@{recorded.image}") for uri in uris):
            continue  # the model came in an image of others
        there = {each["digest"] for each in referrers.listed(repository, recorded.image, ecr=ecr)}
        lost = {kind: digest for kind, digest in recorded.artifacts.items() if digest not in there}
        if lost and image == TRAINING and not referrers.has(repository, recorded.image, ecr=ecr):
            yield f"{image} image {recorded.image} has expired: what signed it is gone with it"
            continue
        if lost:
            told = ", ".join(f"{kind} {digest}" for kind, digest in lost.items())
            raise RefusedError(
                f"{image} image {recorded.image}: found no {told}, with which {package['ModelPackageArn']} was "
                f"registered, in {repository}; find out who took it away (CloudTrail: BatchDeleteImage), `ship` the "
                "image, and train and approve a model on it"
            )
        told = ", ".join(f"{kind} {digest}" for kind, digest in recorded.artifacts.items())
        yield f"{image} image {recorded.image}: {told} as it was registered"


def _recorded(package: Mapping[str, Any], image: str) -> Referrers:
    try:
        return parse(package["CustomerMetadataProperties"][key(image)])
    except ValueError as error:
        raise RefusedError(
            f"{package['ModelPackageArn']}: {key(image)}: {error}; somebody has changed it; train a model anew"
        ) from error
