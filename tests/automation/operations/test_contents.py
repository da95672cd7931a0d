"""What keeps AWS from deleting a stack: told, and deleted but for what is locked."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from automation.operations import contents
from automation.operations.contents import Content
from automation.operations.errors import RefusedError
from tests.automation.conftest import Platform

BUCKET, REPOSITORY, GROUP = (
    "aws:s3/bucket:Bucket",
    "aws:ecr/repository:Repository",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
)


@pytest.fixture
def bucket(platform: Platform) -> Callable[..., str]:
    """Makes a bucket with versions."""

    def made(*, locked: bool = False) -> str:
        name, s3 = f"b-{uuid.uuid4().hex[:12]}", platform.client("s3")
        where = {"LocationConstraint": platform.emulator.region}
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=where, ObjectLockEnabledForBucket=locked)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    return made


def put(platform: Platform, name: str, key: str, text: bytes = b"x", **more: Any) -> None:
    platform.client("s3").put_object(Bucket=name, Key=key, Body=text, **more)


def test_versions_and_delete_markers_are_found_and_deleted(platform: Platform, bucket: Callable[..., str]) -> None:
    name, s3 = bucket(), platform.client("s3")
    put(platform, name, "a")
    put(platform, name, "a", b"second")
    put(platform, name, "b")
    s3.delete_object(Bucket=name, Key="b")
    (found,) = contents.survey([{"type": BUCKET, "id": name}], platform.client)
    assert (found, str(found)) == (
        Content(kind="object versions", holder=name, count=4),
        f"{name}: 4 object versions",
    )
    told: list[int] = []
    emptied = contents.empty(found, platform.client, tell=told.append)
    assert (emptied.deleted, emptied.locked, told) == (4, 0, [4])
    assert contents.survey([{"type": BUCKET, "id": name}], platform.client) == []
    s3.delete_bucket(Bucket=name)


def test_what_is_locked_stays_and_is_counted(platform: Platform, bucket: Callable[..., str]) -> None:
    name, until = bucket(locked=True), datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    put(platform, name, "free")
    for key, size in (("one", 3), ("two", 5)):
        put(platform, name, key, b"x" * size, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until)
    (found,) = contents.survey([{"type": BUCKET, "id": name}], platform.client)
    emptied = contents.empty(found, platform.client)
    assert (emptied.deleted, emptied.locked, emptied.locked_bytes) == (1, 2, 8)
    assert emptied.locked_until == until
    assert [each.count for each in contents.survey([{"type": BUCKET, "id": name}], platform.client)] == [2]


def test_objects_that_may_not_be_deleted_are_no_locked_ones(platform: Platform, bucket: Callable[..., str]) -> None:
    name, s3 = bucket(), platform.client("s3")
    put(platform, name, "a")
    denied = {"Key": "a", "Code": "AccessDenied", "Message": "not for you"}
    s3.delete_objects = lambda **_: {"Errors": [denied]}
    (found,) = contents.survey([{"type": BUCKET, "id": name}], platform.client)
    with pytest.raises(RefusedError) as caught:
        contents.empty(found, lambda _: s3)
    assert str(caught.value) == (
        f"s3://{name}/a cannot be deleted: AccessDenied: not for you; allow s3:DeleteObjectVersion there, then give "
        "the same command"
    )


def test_more_than_a_thousand_objects_are_deleted_in_batches(
    platform: Platform, bucket: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "OBJECTS_A_CALL", 2)
    name = bucket()
    for number in range(5):
        put(platform, name, str(number))
    (found,) = contents.survey([{"type": BUCKET, "id": name}], platform.client)
    assert str(found) == f"{name}: 2 or more object versions"
    told: list[int] = []
    assert contents.empty(found, platform.client, tell=told.append).deleted == 5
    assert told == [2, 4, 5]


def test_images_and_packages_are_found_and_deleted(platform: Platform) -> None:
    repository = f"r-{uuid.uuid4().hex[:8]}"
    ecr, image = platform.client("ecr"), platform.names.ground.resource("training")
    ecr.create_repository(repositoryName=repository)
    platform.push("training", "t1")
    manifest = ecr.batch_get_image(repositoryName=image, imageIds=[{"imageTag": "t1"}])["images"][0]["imageManifest"]
    ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag="t1")
    platform.register()
    platform.register(approved=False)
    state = [{"type": REPOSITORY, "id": repository}, {"type": GROUP, "id": platform.names.package_group}]
    found = contents.survey(state, platform.client)
    assert [(each.kind, each.count) for each in found] == [("images", 1), ("model packages", 2)]
    assert [contents.empty(each, platform.client).deleted for each in found] == [1, 2]
    assert contents.survey(state, platform.client) == []
    platform.client("sagemaker").delete_model_package_group(ModelPackageGroupName=platform.names.package_group)


class Registry:
    """A registry of two images, of which it deletes the index alone, and then the other after `refusals` calls."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.asked: list[list[str]] = []

    def get_paginator(self, _: str) -> Registry:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"imageIds": [{"imageDigest": "sha256:index"}, {"imageDigest": "sha256:layered", "imageTag": "t1"}]}]

    def batch_delete_image(self, *, imageIds: list[dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803
        self.asked.append([each["imageDigest"] for each in imageIds])
        if len(self.asked) > self.refusals:
            return {"imageIds": imageIds}
        code = "ImageReferencedByManifestList"
        kept = {"imageId": {"imageDigest": "sha256:layered"}, "failureCode": code, "failureReason": "an index has it"}
        return {"failures": [kept]}


def test_an_image_that_an_index_refers_to_goes_after_it() -> None:
    ecr, told = Registry(refusals=1), list[int]()
    emptied = contents.empty(Content(kind="images", holder="r", count=2), lambda _: ecr, tell=told.append)
    assert ecr.asked == [["sha256:index", "sha256:layered"], ["sha256:layered"]]
    assert (emptied.deleted, told) == (2, [1, 2])


def test_an_image_that_the_registry_keeps_is_told() -> None:
    with pytest.raises(RefusedError) as caught:
        contents.empty(Content(kind="images", holder="r", count=2), lambda _: Registry(refusals=2))
    assert str(caught.value) == (
        "repository r: image sha256:layered cannot be deleted: ImageReferencedByManifestList: an index has it; delete "
        "what refers to it, then give the same command"
    )


def test_what_is_gone_already_and_what_holds_nothing_is_left_out(platform: Platform) -> None:
    gone = [
        {"type": BUCKET, "id": "no-such-bucket-1"},
        {"type": REPOSITORY, "id": "no-such"},
        {"type": GROUP, "id": "no"},
    ]
    never_made = [{"type": BUCKET}, {"type": "aws:sns/topic:Topic", "id": "arn"}]
    assert contents.survey([*gone, *never_made], platform.client) == []
