"""A bucket on an emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.emulator import start
from tests.local.executor import theirs as theirs_image
from tests.local.executor.world import BUCKET, World


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    theirs = f"--image={theirs_image.URI}={theirs_image.command(tmp_path_factory.mktemp('theirs'))}"
    emulator = start(tmp_path_factory.mktemp("emulator"), arguments=("--warm", theirs))
    yield emulator.url
    emulator.stop()


@pytest.fixture
def world(endpoint: str, tmp_path: Path) -> Iterator[World]:
    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield World(endpoint=endpoint, root=tmp_path, s3=s3, sagemaker=client("sagemaker"))
    bucket = {"Objects": [{"Key": o["Key"]} for o in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]}
    if bucket["Objects"]:
        s3.delete_objects(Bucket=BUCKET, Delete=bucket)
    s3.delete_bucket(Bucket=BUCKET)
