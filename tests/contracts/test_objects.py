"""What is not there, to roles of both kinds: one that may list the bucket gets 404, one that may list prefixes 403."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from contracts import objects


@contextmanager
def to_a_role_that_lists_prefixes(s3: Any) -> Generator[Any]:
    """The client with GetObject's answers as S3 gives them to such a role."""

    def answered(parsed: dict[str, Any], **_: Any) -> None:
        if parsed.get("Error", {}).get("Code") == "NoSuchKey":
            parsed["Error"] = {"Code": "AccessDenied", "Message": "Access Denied"}

    s3.meta.events.register("after-call.s3.GetObject", answered)
    yield s3
    s3.meta.events.unregister("after-call.s3.GetObject", answered)


@pytest.fixture(params=["lists the bucket", "lists prefixes"])
def s3(request: pytest.FixtureRequest) -> Iterator[Any]:
    with mock_aws():
        client: Any = boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        client.create_bucket(Bucket="bucket")
        client.put_object(Bucket="bucket", Key="a/longer", Body=b"other")
        role = to_a_role_that_lists_prefixes if request.param == "lists prefixes" else nullcontext
        with role(client):
            yield client


def test_what_is_not_there_is_none_though_a_longer_key_is(s3: Any) -> None:
    assert objects.read(s3, "bucket", "a/long") is None
    assert not objects.exists(s3, "bucket", "a/long")


def test_what_is_there_is_read(s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="a/long", Body=b"x")
    found = objects.read(s3, "bucket", "a/long")
    assert found is not None
    assert found["Body"].read() == b"x"
    assert objects.exists(s3, "bucket", "a/long")


def test_an_object_that_the_role_may_not_read_is_not_taken_for_a_missing_one(s3: Any) -> None:
    def forbidden(parsed: dict[str, Any], http_response: Any, **_: Any) -> None:
        http_response.status_code = 403
        parsed["Error"] = {"Code": "AccessDenied", "Message": "Access Denied"}

    s3.meta.events.register("after-call.s3.GetObject", forbidden)
    with pytest.raises(ClientError, match="AccessDenied"):
        objects.read(s3, "bucket", "a/longer")
    assert objects.read(s3, "bucket", "a/long") is None


def test_one_that_goes_away_at_the_last_try_is_not_there(s3: Any) -> None:
    codes = iter(["AccessDenied"] * 3 + ["NoSuchKey"])

    def answered(parsed: dict[str, Any], http_response: Any, **_: Any) -> None:
        http_response.status_code = 403
        parsed["Error"] = {"Code": next(codes), "Message": "No"}

    s3.meta.events.register("after-call.s3.GetObject", answered)
    assert objects.read(s3, "bucket", "a/longer") is None
    assert next(codes, None) is None
