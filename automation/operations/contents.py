"""What keeps AWS from deleting a stack's resources: objects in buckets, images in repositories, packages in a group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, Final

from automation.operations.errors import RefusedError

#: S3, DeleteObjects: up to 1,000 keys; ECR, BatchDeleteImage: up to 100 images.
OBJECTS_A_CALL, IMAGES_A_CALL = 1000, 100


@dataclass(frozen=True, kw_only=True)
class Content:
    """What lies in one resource. `count` is exact below 1,000, and 1,000 where there may be more."""

    kind: str
    holder: str
    count: int

    def __str__(self) -> str:
        more = " or more" if self.count >= OBJECTS_A_CALL else ""
        return f"{self.holder}: {self.count}{more} {self.kind}"


@dataclass(frozen=True, kw_only=True)
class Emptied:
    """What became of it: how much was deleted, and what is locked, with its bytes and the time until when."""

    content: Content
    deleted: int
    locked: int = 0
    locked_bytes: int = 0
    locked_until: datetime | None = None


#: Types whose resources AWS deletes only when nothing is in them, and the service that knows.
_HOLDERS: Final[Mapping[str, tuple[str, str]]] = {
    "aws:s3/bucket:Bucket": ("s3", "object versions"),
    "aws:ecr/repository:Repository": ("ecr", "images"),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": ("sagemaker", "model packages"),
}


def survey(resources: Iterable[Mapping[str, Any]], client: Callable[[str], Any]) -> list[Content]:
    """What lies in the resources of a stack's state, those that are empty left out."""
    found: list[Content] = []
    for resource in resources:
        if resource["type"] in _HOLDERS and resource.get("id"):
            service, kind = _HOLDERS[resource["type"]]
            holder = resource["id"]
            count = sum(1 for _ in islice(_items(service, holder, client(service)), OBJECTS_A_CALL))
            found.append(Content(kind=kind, holder=holder, count=count))
    return [content for content in found if content.count]


def empty(content: Content, client: Callable[[str], Any], *, tell: Callable[[int], None] = lambda _: None) -> Emptied:
    """Delete what lies in a resource, all versions; `tell` is told how much is gone. What is locked stays."""
    if content.kind == "object versions":
        return _empty_bucket(content, client("s3"), tell)
    if content.kind == "images":
        return _empty_repository(content, client("ecr"), tell)
    sagemaker, deleted = client("sagemaker"), 0
    for package in [*_items("sagemaker", content.holder, sagemaker)]:
        sagemaker.delete_model_package(ModelPackageName=package["ModelPackageArn"])
        deleted += 1
        tell(deleted)
    return Emptied(content=content, deleted=deleted)


def _items(service: str, holder: str, client: Any) -> Iterable[Mapping[str, Any]]:
    """What lies in a holder; nothing where there is no holder any more."""
    try:
        if service == "s3":
            for page in client.get_paginator("list_object_versions").paginate(Bucket=holder):
                yield from [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        elif service == "ecr":
            for page in client.get_paginator("list_images").paginate(repositoryName=holder):
                yield from page["imageIds"]
        else:
            for page in client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=holder):
                yield from page["ModelPackageSummaryList"]
    except client.exceptions.ClientError as error:
        if not _is_missing(error):
            raise


def _is_missing(error: Any) -> bool:
    found = error.response["Error"]
    gone = {"NoSuchBucket", "RepositoryNotFoundException", "ResourceNotFound"}
    return found["Code"] in gone or "does not exist" in found["Message"]


def _empty_bucket(content: Content, s3: Any, tell: Callable[[int], None]) -> Emptied:
    result, items = Emptied(content=content, deleted=0), iter(_items("s3", content.holder, s3))
    while batch := list(islice(items, OBJECTS_A_CALL)):
        objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in batch]
        refused = s3.delete_objects(Bucket=content.holder, Delete={"Objects": objects, "Quiet": True}).get("Errors", [])
        held = [item for item in batch if any(_names(error, item) for error in refused)]
        result = replace(
            result,
            deleted=result.deleted + len(batch) - len(held),
            locked=result.locked + len(held),
            locked_bytes=result.locked_bytes + sum(item.get("Size", 0) for item in held),
            locked_until=_latest(result.locked_until, held, content.holder, s3, refused),
        )
        tell(result.deleted)
    return result


def _names(error: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    return error["Key"] == item["Key"] and error.get("VersionId") in (None, item["VersionId"])


def _latest(
    known: datetime | None,
    held: Sequence[Mapping[str, Any]],
    bucket: str,
    s3: Any,
    refused: Sequence[Mapping[str, Any]],
) -> datetime | None:
    """Until when the newest of the locked objects is locked: with one period for all, the last to go.

    RefusedError where they are not locked but may not, or could not, be deleted.
    """
    if not held:
        return known
    newest = max(held, key=lambda item: item["LastModified"])
    found = s3.head_object(Bucket=bucket, Key=newest["Key"], VersionId=newest["VersionId"])
    if "ObjectLockRetainUntilDate" not in found:
        raise RefusedError(
            f"s3://{bucket}/{newest['Key']} cannot be deleted: {refused[0]['Code']}: {refused[0]['Message']}; allow "
            "s3:DeleteObjectVersion there, then give the same command"
        )
    until = found["ObjectLockRetainUntilDate"]
    return max(known, until) if known else until


def _empty_repository(content: Content, ecr: Any, tell: Callable[[int], None]) -> Emptied:
    """RefusedError for an image that ECR keeps. What an index refers to can go only once the index is gone."""
    left, deleted = sorted({item["imageDigest"] for item in _items("ecr", content.holder, ecr)}), 0
    refused: list[Mapping[str, Any]] = []
    for _ in range(2):
        refused = []
        for start in range(0, len(left), IMAGES_A_CALL):
            batch = [{"imageDigest": digest} for digest in left[start : start + IMAGES_A_CALL]]
            answer = ecr.batch_delete_image(repositoryName=content.holder, imageIds=batch)
            failed = [each for each in answer.get("failures", []) if each["failureCode"] != "ImageNotFound"]
            deleted += len(batch) - len(failed)
            refused += failed
            tell(deleted)
        left = sorted({each["imageId"]["imageDigest"] for each in refused})
        if not left:
            return Emptied(content=content, deleted=deleted)
    raise RefusedError(
        f"repository {content.holder}: image {left[0]} cannot be deleted: {refused[0]['failureCode']}: "
        f"{refused[0]['failureReason']}; delete what refers to it, then give the same command"
    )
