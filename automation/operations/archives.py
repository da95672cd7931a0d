"""The archives that a multi-model endpoint serves, one a model, in a place of its release.

SageMaker knows the models of such an endpoint by the objects below a prefix, not by their packages. So whoever promotes
copies the archive of each approved package there, and the release, whose name is a hash of its packages, is served from
there and from nowhere else: what nobody approved cannot be asked for, and a release that a rollback goes to is whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from automation.operations.errors import RefusedError
from contracts.names import EndpointNames
from contracts.release import Record, Release

#: What an archive is called after its model: a request says it as TargetModel.
ENDING: Final = ".tar.gz"
#: Of an object's metadata: ARN of the package that the archive is of.
_PACKAGE: Final = "package"


def target(model: str) -> str:
    """What a request for a model says as TargetModel."""
    return f"{model}{ENDING}"


def place(names: EndpointNames, release: Release, *, s3: Any, sagemaker: Any) -> None:
    """Put the archive of each model where the release serves it from; one that is there is whole.

    RefusedError for a package that has no archive in S3.
    """
    there = names.archives(release.id)
    known = models(f"s3://{names.artifacts_bucket}/{there}", s3=s3)
    for model, package in release.models.items():
        if model not in known:
            source = _source(package, sagemaker)
            s3.copy(
                {"Bucket": source.netloc, "Key": source.path.lstrip("/")},
                names.artifacts_bucket,
                f"{there}{target(model)}",
                ExtraArgs={"Metadata": {_PACKAGE: package}, "MetadataDirective": "REPLACE"},
            )


def clear(names: EndpointNames, record: Record, *, s3: Any) -> None:
    """Take away what no release of the record serves any more."""
    kept = tuple(names.archives(release.id) for release in record.releases)
    gone = [key for key in _keys(names.artifacts_bucket, names.archives(""), s3) if not key.startswith(kept)]
    for key in gone:
        s3.delete_object(Bucket=names.artifacts_bucket, Key=key)


def models(uri: str, *, s3: Any) -> set[str]:
    """Names of the models whose archives lie below a prefix."""
    prefix = urlsplit(uri)
    return {key.rpartition("/")[2].removesuffix(ENDING) for key in _keys(prefix.netloc, prefix.path.lstrip("/"), s3)}


def packages(uri: str, *, s3: Any) -> dict[str, str]:
    """ARN of the package of each model whose archive lies below a prefix, by the model's name."""
    prefix = urlsplit(uri)
    below = prefix.path.lstrip("/")
    found = {model: s3.head_object(Bucket=prefix.netloc, Key=f"{below}{target(model)}") for model in models(uri, s3=s3)}
    return {model: each["Metadata"][_PACKAGE] for model, each in found.items()}


def _source(package: str, sagemaker: Any) -> Any:
    found: Mapping[str, Any] = sagemaker.describe_model_package(ModelPackageName=package)
    (container,) = found["InferenceSpecification"]["Containers"]
    if "ModelDataUrl" not in container:
        raise RefusedError(f"{package} has no archive in S3, which a multi-model endpoint loads; promote another one")
    return urlsplit(container["ModelDataUrl"])


def _keys(bucket: str, prefix: str, s3: Any) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [each["Key"] for page in pages for each in page.get("Contents", [])]
