from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from automation.operations import deliveries, training
from automation.operations.errors import RefusedError
from contracts.datasets import dataset_version
from contracts.names import Names
from tests.automation.conftest import Platform

DAY = date(2026, 11, 28)


def test_a_file_goes_under_its_workload_and_day(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("a,b\n1,2\n")
    uri = deliveries.deliver(platform.names, file, day=DAY, s3=platform.client("s3"))
    key = f"incoming/{platform.names.workload}/2026-11-28/new.csv"
    assert uri == f"s3://123456789012-staging-ai-raw-data/{key}"
    body = platform.client("s3").get_object(Bucket=platform.names.raw_bucket, Key=key)["Body"].read()
    assert body == file.read_bytes()


@pytest.mark.parametrize("size", [10, 9 * 2**20])  # in one piece, and in parts
def test_no_file_is_written_over_another_not_even_by_two_at_once(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    s3, file = platform.client("s3"), tmp_path / "new.csv"
    bucket, prefix = platform.names.raw_bucket, f"incoming/{platform.names.workload}/2026-11-28/"
    contents = {"new.csv": b"1" * size, "2/new.csv": b"2" * size, "3/new.csv": b"3" * size}
    for number, content in enumerate(contents.values()):
        file.write_bytes(content)
        if number == 2:  # nothing is seen of the others, as if all came at once
            monkeypatch.setattr(deliveries.objects, "exists", lambda *_: False)
        uri = deliveries.deliver(platform.names, file, day=DAY, s3=s3)
        assert uri == f"s3://{bucket}/{prefix}{list(contents)[number]}"
    found = {name: s3.get_object(Bucket=bucket, Key=f"{prefix}{name}")["Body"].read() for name in contents}
    assert found == contents
    versions = s3.list_object_versions(Bucket=bucket, Prefix=prefix)["Versions"]
    assert len(versions) == len(contents)
    s3.put_object(Bucket=bucket, Key=f"{prefix}new.csv", Body=b"by another")  # others' calls are as they were


def test_a_delivery_that_s3_refuses_for_another_reason_is_no_other_name(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("a,b\n1,2\n")
    elsewhere = Names(stack="nowhere", account="123456789012", region="eu-west-1").of_workload("churn")
    with pytest.raises(Exception, match="NoSuchBucket"):
        deliveries.deliver(elsewhere, file, day=DAY, s3=platform.client("s3"))


def test_what_is_no_file_is_refused(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="allowed: a file that is there, CSV or Parquet"):
        deliveries.deliver(platform.names, tmp_path, day=DAY, s3=platform.client("s3"))


def accept(platform: Platform, name: str) -> None:
    key = f"{platform.names.layout.accepted}{name}"
    platform.client("s3").put_object(Bucket=platform.names.processed_bucket, Key=key, Body=b"")


def test_the_version_of_the_data_follows_from_what_is_accepted(platform: Platform) -> None:
    s3, uri = platform.client("s3"), platform.names.accepted_uri
    assert dataset_version(s3, uri) is None
    accept(platform, "a.parquet")
    one = dataset_version(s3, uri)
    accept(platform, "b.parquet")
    two = dataset_version(s3, uri)
    accept(platform, "a.parquet")
    assert one != two == dataset_version(s3, uri)


def test_training_without_data_or_pipeline_says_what_to_do(platform: Platform) -> None:
    clients = {"s3": platform.client("s3"), "sagemaker": platform.client("sagemaker")}
    with pytest.raises(
        RefusedError, match=r"there is no accepted data under s3://.*: deliver some and have it validated"
    ):
        training.start(platform.names, "by-hand", **clients)
    accept(platform, "a.parquet")
    with pytest.raises(RefusedError, match="is not there: publish both images and run `pulumi up`, which makes it"):
        training.start(platform.names, "by-hand", **clients)
    with pytest.raises(RefusedError, match="has not run yet: start it with `retrain`"):
        training.newest_execution(platform.names, sagemaker=clients["sagemaker"])
