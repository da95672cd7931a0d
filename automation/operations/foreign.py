"""Images that others made: which of them a run can ask, and which endpoints they can serve.

Jobs and endpoints of a stack pull images from its own repositories alone, `mlplatform-<stack>-<name>`; those for images
of others are named in its config.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from automation.operations import packages, shipping
from automation.operations.errors import RefusedError
from automation.operations.shipping import Signer
from contracts import partitions
from contracts.images import INFERENCE
from contracts.kinds import KINDS
from contracts.kinds.kind import Kind
from contracts.names import EndpointNames, WorkloadNames

_IMAGE: Final = re.compile(r"(?P<repository>[^@:]+)(@(?P<digest>sha256:[0-9a-f]{64})|(?P<tag>.*))")
_SERVING: Final = ", ".join(kind.name for kind in KINDS.values() if kind.serves_images)


def local_faults(image: str, kinds: Mapping[str, Kind]) -> list[str]:
    """Those of `require_usable` that need no account to be seen."""
    return [*_kind_faults(kinds), *_digest_faults(image)]


def require_usable(
    names: WorkloadNames,
    image: str,
    *,
    others: Sequence[str],
    kinds: Mapping[str, Kind],
    ecr: Any,
    by: Signer | None = None,
) -> None:
    """RefusedError, with all faults, for an image that no run could ask or an endpoint of the workload not serve.

    `others` are the repositories that the stack's config names (`images.others`), `kinds` those of the workload's
    endpoints, by name. The image is there, and its scan found nothing grave, as it is of the platform's own; with
    `by`, who made it, it is signed by them with its bill of materials.
    """
    if faults := [*_kind_faults(kinds), *_image_faults(names, image, others)]:
        raise RefusedError("\n".join(faults))
    repository, _, digest = image.partition("@")
    name = repository.rpartition("/")[2]
    try:
        ecr.describe_images(repositoryName=name, imageIds=[{"imageDigest": digest}])
    except ecr.exceptions.RepositoryNotFoundException as error:
        raise RefusedError(f"repository {name} is not there; run `up`, which makes it, and push the image") from error
    except ecr.exceptions.ImageNotFoundException as error:
        raise RefusedError(f"repository {name} has no image {digest}; push it there, then register it") from error
    if by is not None:
        shipping.verify(image, ecr=ecr, by=by)
    shipping.scan(names.ground, name.removeprefix(f"{names.ground.prefix}-"), digest, ecr=ecr)


def _kind_faults(kinds: Mapping[str, Kind]) -> Iterator[str]:
    for endpoint, kind in sorted(kinds.items()):
        if not kind.serves_images:
            yield (
                f"endpoints.{endpoint}.kind: found {kind.name}; allowed for an image of others: {_SERVING}, where it "
                "is isolated and SageMaker captures what it is asked; give its model a workload of its own"
            )


def _image_faults(names: WorkloadNames, image: str, others: Sequence[str]) -> Iterator[str]:
    registry = f"{names.account}.dkr.ecr.{names.region}.{partitions.of(names.region).dns_suffix}"
    allowed = [f"{registry}/{names.ground.resource(name)}" for name in others]
    found = _IMAGE.fullmatch(image)
    if found is None or found["repository"] not in allowed:
        yield (
            f"--image: found {image!r}; allowed: {', '.join(allowed) or 'no repository yet'}, from which the stack's "
            "jobs and endpoints pull; name one in ml-platform:images.others, run `up`, and push the image there"
        )
    else:
        yield from _digest_faults(image)


def _digest_faults(image: str) -> Iterator[str]:
    found = _IMAGE.fullmatch(image)
    if found is not None and found["digest"] is None:
        yield (
            f"--image: found {image!r}; allowed: {found['repository']}@sha256:..., by digest, as a tag may be another "
            "image tomorrow; `aws ecr describe-images` tells that of a tag"
        )


def require_served(names: EndpointNames, package: str, kind: Kind, *, sagemaker: Any) -> None:
    """RefusedError for a package with an image of others, where the endpoint's kind needs the platform's service."""
    if kind.serves_images:
        return
    found = packages.describe(names, package, sagemaker=sagemaker)
    image: str = found["InferenceSpecification"]["Containers"][0]["Image"]
    if image.partition("@")[0].rpartition("/")[2] != names.ground.resource(INFERENCE):
        raise RefusedError(
            f"{found['ModelPackageArn']} has an image of others, {image}, and endpoint {names.prefix} is of kind "
            f"{kind.name}; allowed: {_SERVING}"
        )
