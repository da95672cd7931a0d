from __future__ import annotations

from typing import Any

import pytest

from components.ground.existing_log_bucket import faults
from components.ground.lake import log_delivery_statement
from tests.components.engine import NAMES

BUCKET = "central-access-logs"


def said(properties: dict[str, Any] | None = None, **change: Any) -> list[str]:
    statement = log_delivery_statement(NAMES, BUCKET).to_dict() | change
    return [line.partition(";")[0] for line in faults(BUCKET, properties or {}, {"Statement": [statement]}, NAMES)]


def shut(source: str) -> str:
    return f"PolicyDocument: does not let logging.s3.amazonaws.com put the logs of {source} under {source}/"


SOURCES = [NAMES.raw_bucket, NAMES.processed_bucket, NAMES.artifacts_bucket]


def test_a_bucket_with_the_policy_of_our_own_is_taken() -> None:
    assert said() == []


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({"Effect": "Deny"}, [shut(source) for source in SOURCES]),
        ({"Principal": {"Service": "delivery.logs.amazonaws.com"}}, [shut(source) for source in SOURCES]),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "210987654321"}}}, [shut(source) for source in SOURCES]),
        ({"Resource": [NAMES.bucket_arn(BUCKET, f"{SOURCES[0]}/*")]}, [shut(source) for source in SOURCES[1:]]),
        ({"Condition": {}}, []),
    ],
)
def test_a_policy_that_shuts_the_delivery_out_is_named_bucket_by_bucket(
    change: dict[str, Any], lines: list[str]
) -> None:
    assert said(**change) == lines


def test_a_bucket_that_s3_delivers_no_logs_to_is_refused() -> None:
    kms = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    assert said({"BucketEncryption": {"ServerSideEncryptionConfiguration": [kms]}}) == [
        "BucketEncryption: found aws:kms"
    ]
    locked = {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    assert said({"ObjectLockConfiguration": locked}) == ["ObjectLockConfiguration: found a default retention"]
    assert said({"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}) == []
