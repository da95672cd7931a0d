"""A raw and a processed bucket (moto's server), and deliveries into them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.workloads.validation.delivered import CHURN, NOW, Row, read_rows, write_csv
from workloads.inputs import file_sha256
from workloads.location import Location
from workloads.stored import DELIVERED
from workloads.validation.delivery import process

PROCESSED = Location(bucket="processed", key="")


@pytest.fixture
def s3(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    for bucket in ("raw", "processed"):
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    yield client
    resource: Any = boto3.resource("s3")
    for bucket in ("raw", "processed"):
        resource.Bucket(bucket).object_versions.delete()
        resource.Bucket(bucket).delete()


class Lake:
    """Raw and processed bucket, and deliveries into them."""

    def __init__(self, client: Any, directory: Path) -> None:
        self.s3, self.directory = client, directory

    def put(self, rows: list[Row], key: str = "incoming/2026-11-20/day.csv") -> str:
        """Deliver `rows`; the SHA-256 of the object."""
        path = write_csv(self.directory / "day.csv", rows)
        self.s3.upload_file(str(path), "raw", key)
        return file_sha256(path)

    def process(self, key: str = "incoming/2026-11-20/day.csv", **options: Any) -> Any:
        options = {"contract": CHURN, "processed": PROCESSED, "workload": "churn", "now": NOW} | options
        return process(self.s3, source=Location(bucket="raw", key=key), **options)

    def listing(self) -> list[str]:
        return sorted(item["Key"] for item in self.s3.list_objects_v2(Bucket="processed").get("Contents", []))

    def etags(self, prefix: str) -> dict[str, str]:
        """ETag by key of what is below a prefix of the processed bucket."""
        listed = self.s3.list_objects_v2(Bucket="processed", Prefix=prefix).get("Contents", [])
        return {each["Key"]: each["ETag"] for each in listed}

    def json(self, key: str) -> Any:
        return json.loads(self.s3.get_object(Bucket="processed", Key=key)["Body"].read())

    def rows(self, key: str) -> list[Row]:
        path = self.directory / "downloaded.parquet"
        self.s3.download_file("processed", key, str(path))
        return [{name: row[name] for name in row if name != DELIVERED} for row in read_rows(path)]

    def delivered(self, sha256: str) -> set[str]:
        """When the rows of an accepted object came, as they say themselves."""
        body = self.s3.get_object(Bucket="processed", Key=f"accepted/churn/{sha256}.parquet")["Body"].read()
        path = self.directory / "downloaded.parquet"
        path.write_bytes(body)
        return {row[DELIVERED] for row in read_rows(path)}


@pytest.fixture
def lake(s3: Any, tmp_path: Path) -> Lake:
    return Lake(s3, tmp_path)
