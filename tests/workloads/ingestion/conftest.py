"""A raw and a processed bucket (moto, in this process), deliveries into them, and what ingestion makes of those."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from contracts.datasets import DataSet
from contracts.layout import Layout
from tests.workloads.validation.delivered import CHURN, NOW, Row, write_csv
from workloads.ingestion import data_sets, one_machine
from workloads.ingestion.data_sets import Place
from workloads.location import Location
from workloads.validation.delivery import process
from workloads.validation.verdict import Verdict

PLACE = Place(bucket="processed", workload="churn", recipe="0a")
LAYOUT = Layout("churn")
#: Nothing is held: what differs from the file before it is no subject here.
UNHELD = dataclasses.replace(
    CHURN, ingestion=dataclasses.replace(CHURN.ingestion, max_label_rate_jump=1.0, max_mean_jump=1000.0)
)


class Lake:
    """The buckets; files are made and read below `directory`."""

    def __init__(self, directory: Path) -> None:
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self.s3: Any = boto3.client("s3", "us-east-1", **keys)
        for bucket in ("raw", "processed"):
            self.s3.create_bucket(Bucket=bucket)
        self.s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
        self.directory, self._work = directory, 0

    def deliver(self, content: list[Row] | bytes, name: str = "day.csv") -> tuple[str, str]:
        """Put a file into raw; its name and version."""
        body = content if isinstance(content, bytes) else write_csv(self.directory / name, content).read_bytes()
        return name, self.s3.put_object(Bucket="raw", Key=f"{LAYOUT.incoming}{name}", Body=body)["VersionId"]

    def validate(self, delivered: tuple[str, str], **options: Any) -> Verdict:
        """Judge what was delivered."""
        name, version = delivered
        options = {"contract": UNHELD, "now": NOW} | options
        source, processed = Location(bucket="raw", key=f"{LAYOUT.incoming}{name}"), Location(bucket="processed", key="")
        return process(self.s3, source=source, processed=processed, workload="churn", version_id=version, **options)

    def prepare(self, sha256: str, **options: Any) -> DataSet:
        """Make the data set of what is accepted."""
        self._work += 1
        scratch = self.directory / f"scratch-{self._work}"
        scratch.mkdir()
        now, place = options.pop("now", datetime.now(UTC)), options.pop("place", PLACE)
        contract = options.pop("contract", UNHELD)
        make = partial(one_machine.make, self.s3, contract, place=place, scratch=scratch, **options)
        return data_sets.prepare(self.s3, sha256, place, now=now, make=make)

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket="processed", Prefix=prefix).get("Contents", [])
        return [each["Key"] for each in found]

    def json(self, key: str) -> Any:
        return json.loads(self.s3.get_object(Bucket="processed", Key=key)["Body"].read())

    def fetch(self, uri: str, directory: Path) -> Path:
        """All below a URI of the processed bucket, as a job finds its input."""
        prefix = uri.removeprefix("s3://processed/")
        for key in self.keys(prefix):
            path = directory / key.removeprefix(prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            self.s3.download_file("processed", key, str(path))
        return directory


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with mock_aws():
        yield Lake(tmp_path)
