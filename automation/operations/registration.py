"""A model that another stack approved, registered again in this one: the same bytes, the same image by digest.

What the package refers to is copied below `runs/<workload>/from-<account>-<stack>/`, where none of this stack's own
runs lie, and the image into this stack's repository; then the package is registered, with what it says of its training,
and waits for this stack's own approval, unless that was given before. Where an act broke off, the same command goes on:
objects are copied again, an image that is there stays, and a package that was registered is not registered twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from automation.operations import packages, shipping
from automation.operations import referrers as in_ecr
from automation.operations.errors import RefusedError
from automation.operations.model_testing import Suite
from automation.operations.shipping import Signer
from contracts import referrers
from contracts.architectures import ARM64
from contracts.images import IMAGES, INFERENCE, INFERENCE_ARM64
from contracts.names import WorkloadNames

#: Of the customer's metadata: ARN of the package that a package was registered from.
SOURCE: Final = "source_package"
#: What a package says beside that which SageMaker adds.
_KEPT: Final = (
    "AdditionalInferenceSpecifications",
    "CustomerMetadataProperties",
    "Domain",
    "DriftCheckBaselines",
    "InferenceSpecification",
    "MetadataProperties",
    "ModelCard",
    "ModelMetrics",
    "ModelPackageDescription",
    "Task",
)


@dataclass(frozen=True, kw_only=True)
class Registered:
    """The package here and the one that it was made from; `new` is False where it was registered before."""

    package: str
    source: str
    new: bool


@dataclass(frozen=True, kw_only=True)
class Clients:
    """Clients of whoever may read there and register here; `there` is SageMaker as the other stack's packages are read.

    Objects and images are copied by one request each, which has to be allowed on both sides.
    """

    s3: Any
    sagemaker: Any
    ecr: Any
    there: Any


def newest_approved(theirs: WorkloadNames, *, sagemaker: Any) -> str:
    """ARN of the newest package that the other stack approved. RefusedError where there is none."""
    group = theirs.arn("sagemaker", f"model-package-group/{theirs.package_group}")
    try:
        pages = sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group, ModelApprovalStatus=packages.APPROVED
        )
        found = [package for page in pages for package in page["ModelPackageSummaryList"]]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        found = []  # the group is not there yet
    if not found:
        raise RefusedError(f"group {theirs.package_group} of account {theirs.account} has no approved package")
    return max(found, key=lambda package: package["ModelPackageVersion"])["ModelPackageArn"]


def register(
    names: WorkloadNames,
    theirs: WorkloadNames,
    package: str,
    *,
    clients: Clients,
    approved: bool = False,
    by: Signer | None = None,
    suite: Suite | None = None,
    tell: Callable[[str], object] = lambda _: None,
) -> Registered:
    """Register an approved package of the stack `theirs` here, to be approved and promoted here; or as `approved`,
    where somebody approved it for this stack already.

    With a `suite` its archive is tested before anything is copied. RefusedError for one that fails it or that nobody
    approved, for an image that is not named by digest in a repository of that stack or that was not signed `by` this
    there, and where this stack has no package group yet.
    """
    source = packages.approved(theirs, package, sagemaker=clients.there)
    if (before := _registered(names, source, clients.sagemaker)) is not None:
        if suite is not None:
            suite.skip(source, f"it was registered before, as {before}", tell)
        return Registered(package=before, source=source, new=False)
    found = packages.describe(theirs, source, sagemaker=clients.there)
    said = {key: found[key] for key in _KEPT if key in found}
    if suite is not None:
        _test(said, source, theirs, suite, tell)
    for uri, image in sorted(_images(said, theirs).items()):
        if by is not None:
            shipping.verify(uri, ecr=clients.ecr, by=by)
            tell(f"image {uri}: signature and bill of materials by {by} verified")
        tell(f"image {image}: {shipping.take_over(names, image, uri, ecr=clients.ecr)}")
    uris = sorted({text for text in _texts(said) if _is_of_run(text, theirs)})
    for uri in uris:
        _copy_object(uri, names, theirs, clients.s3)
        tell(f"copied {uri}")
    said = _replaced(said, lambda text: _here(text, names, theirs))
    metadata = {**_with_own_referrers(said, names, clients.ecr), SOURCE: source}
    made = clients.sagemaker.create_model_package(
        ModelPackageGroupName=names.package_group,
        ModelApprovalStatus=packages.APPROVED if approved else packages.PENDING,
        **{**said, "CustomerMetadataProperties": metadata},
    )
    return Registered(package=made["ModelPackageArn"], source=source, new=True)


def _test(
    said: Mapping[str, Any], source: str, theirs: WorkloadNames, suite: Suite, tell: Callable[[str], object]
) -> None:
    """The archive that the platform's service reads; the one of another image is that image's."""
    container = said["InferenceSpecification"]["Containers"][0]
    if (image := _image(container["Image"], theirs)) == INFERENCE:
        suite.run(container["ModelDataUrl"], owner=theirs.account, tell=tell)
    else:
        suite.skip(source, f"image {image} of others serves it, which was asked where it was evaluated", tell)


def _with_own_referrers(said: Mapping[str, Any], names: WorkloadNames, ecr: Any) -> dict[str, str]:
    """What a package says of itself, with what refers to its images here. Signatures are not copied with an image: this
    stack's own delivery makes them, by its own key."""
    metadata = {**said.get("CustomerMetadataProperties", {})}
    for image in IMAGES:
        metadata.pop(referrers.key(image), None)
    for uri, image in _images(said, names).items():
        if image not in IMAGES:
            continue  # of others
        repository, digest = names.ground.resource(IMAGES[image].repository), uri.partition("@")[2]
        if found := in_ecr.current(repository, digest, ecr=ecr):
            metadata[referrers.key(image)] = found.text()
    return metadata


def _registered(names: WorkloadNames, source: str, sagemaker: Any) -> str | None:
    """The package here that was made from `source`. RefusedError where there is no group to register in."""
    try:
        pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=names.package_group)
        here = [package["ModelPackageArn"] for page in pages for package in page["ModelPackageSummaryList"]]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        raise RefusedError(f"group {names.package_group} is not there; run `up`, which makes it") from error
    for arn in here:
        metadata = sagemaker.describe_model_package(ModelPackageName=arn).get("CustomerMetadataProperties", {})
        if metadata.get(SOURCE) == source:
            return arn
    return None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _replaced(value: Any, change: Callable[[str], str]) -> Any:
    """The same value with every text changed; what SageMaker says of a stored object (its ETag) is left out."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _replaced(each, change) for key, each in value.items() if key != "ModelDataETag"}
    return [_replaced(each, change) for each in value] if isinstance(value, list) else value


def _images(said: Mapping[str, Any], theirs: WorkloadNames) -> dict[str, str]:
    """URI -> what it is called, of the images of all processors."""
    beside = said.get("AdditionalInferenceSpecifications", [])
    for_graviton = [each["Image"] for other in beside if other["Name"] == ARM64 for each in other["Containers"]]
    own = [each["Image"] for each in said["InferenceSpecification"]["Containers"]]
    named = {uri: _image(uri, theirs) for uri in (*own, *for_graviton)}
    return named | dict.fromkeys(for_graviton, INFERENCE_ARM64)


def _image(uri: str, theirs: WorkloadNames) -> str:
    """Which image a URI names, the platform's or one of others. RefusedError for one outside that stack's repositories,
    and for one by tag."""
    repository = rf"{re.escape(theirs.ground.prefix)}-[a-z0-9-]+"
    known = re.fullmatch(
        rf"{theirs.account}\.dkr\.ecr\.{theirs.region}\.[a-z.]+/({repository})@sha256:[0-9a-f]{{64}}", uri
    )
    if known is None:
        raise RefusedError(f"image: found {uri}; allowed: one by digest in a repository of stack {theirs.stack}")
    return known[1].removeprefix(f"{theirs.ground.prefix}-")


def _is_of_run(text: str, theirs: WorkloadNames) -> bool:
    return text.startswith(f"s3://{theirs.artifacts_bucket}/{theirs.layout.runs}")


def _here(text: str, names: WorkloadNames, theirs: WorkloadNames) -> str:
    """Where an object or image of the other stack is in this one; every other text as it is."""
    if _is_of_run(text, theirs):
        rest = text.removeprefix(f"s3://{theirs.artifacts_bucket}/{theirs.layout.runs}")
        return f"s3://{names.artifacts_bucket}/{names.layout.taken_over(theirs.account, theirs.stack)}{rest}"
    host = f"{theirs.account}.dkr.ecr.{theirs.region}."
    if text.startswith(host):
        ours = f"{names.account}.dkr.ecr.{names.region}."
        return text.replace(host, ours, 1).replace(f"/{theirs.ground.prefix}-", f"/{names.ground.prefix}-", 1)
    return text


def _copy_object(uri: str, names: WorkloadNames, theirs: WorkloadNames, s3: Any) -> None:
    """RefusedError where the other stack has no such object any more. S3 copies it, up to 5 GB."""
    key = uri.removeprefix(f"s3://{theirs.artifacts_bucket}/")
    to = _here(uri, names, theirs).removeprefix(f"s3://{names.artifacts_bucket}/")
    try:
        s3.copy_object(
            Bucket=names.artifacts_bucket,
            Key=to,
            CopySource={"Bucket": theirs.artifacts_bucket, "Key": key},
            ExpectedBucketOwner=names.account,
            ExpectedSourceBucketOwner=theirs.account,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        raise RefusedError(f"{uri} is not there any more; train and approve a model anew in {theirs.stack}") from error
