"""A model of another stack is tested before it is registered: the real suite on an archive in S3."""

from __future__ import annotations

import dataclasses
import json
import tarfile
from collections.abc import Generator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import boto3
import pytest
from moto import mock_aws

from automation.operations import uncredentialed
from automation.operations.errors import RefusedError
from automation.operations.model_testing import Suite
from contracts.schema import Bounds, to_json
from tests.workloads.tasks import problems

ACCOUNT, BUCKET, REGION = "123456789012", "artifacts", "eu-west-1"
URI = f"s3://{BUCKET}/runs/toy/run-1/model.tar.gz"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> problems.Package:
    return problems.package(tmp_path_factory.mktemp("package"), "binary")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        client = boto3.client("s3", region_name=REGION)
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client


def put(s3: Any, package: problems.Package, home: Path, **changes: str) -> None:
    """The archive of a package, with other contents of some files."""
    with tarfile.open(home / "model.tar.gz", "w:gz") as tar:
        for file in sorted(package.directory.iterdir()):
            changed = home / file.name
            changed.write_bytes(changes[file.stem].encode() if file.stem in changes else file.read_bytes())
            tar.add(changed, arcname=file.name)
    s3.upload_file(str(home / "model.tar.gz"), BUCKET, "runs/toy/run-1/model.tar.gz")


def test_a_model_that_passes_has_its_report(s3: Any, package: problems.Package, tmp_path: Path) -> None:
    put(s3, package, tmp_path)
    report, told = tmp_path / "out" / "model.xml", list[str]()
    Suite(report=report, s3=s3).run(URI, owner=ACCOUNT, tell=told.append)
    assert told == [f"{URI}: every model test passed, see {report}"]
    cases = [case.attrib["name"] for case in ElementTree.parse(report).iter("testcase")]  # noqa: S314 - written above
    assert "test_model[answers in JSON are the model's]" in cases


def test_one_that_fails_is_refused_with_each_test_that_failed(
    s3: Any, package: problems.Package, tmp_path: Path
) -> None:
    """Here by its own contract, which allows the service less memory than any has."""
    contract = dataclasses.replace(package.contract, quality=(Bounds(metric="memory_mb", max=1),))
    put(s3, package, tmp_path, contract=to_json(contract))
    with pytest.raises(RefusedError) as refused:
        Suite(report=tmp_path / "model.xml", s3=s3).run(URI, owner=ACCOUNT, tell=print)
    assert str(refused.value).startswith(
        f"{URI}: found a model that fails its tests: test_model[memory of the service]: Failed: found "
    )
    assert str(refused.value).endswith(
        " allowed <= 1 MB (quality.memory_mb.max of the contract); nothing was registered"
    )


def test_an_archive_that_is_none_is_refused_with_the_reason(s3: Any, package: problems.Package, tmp_path: Path) -> None:
    put(s3, package, tmp_path, contract=json.dumps({"format": 99}))
    with pytest.raises(RefusedError, match=r"found format 99 is found; .* nothing was registered$"):
        Suite(report=tmp_path / "model.xml", s3=s3).run(URI, owner=ACCOUNT, tell=print)


def test_a_model_that_does_not_come_to_an_end_is_refused(
    s3: Any, package: problems.Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, package, tmp_path)
    monkeypatch.setattr(uncredentialed, "SECONDS", 0)
    with pytest.raises(RefusedError, match=r"whose tests were not over within 0 s; nothing was registered$"):
        Suite(report=tmp_path / "model.xml", s3=s3).run(URI, owner=ACCOUNT, tell=print)


def test_an_archive_that_is_gone_is_refused(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match=r"model\.tar\.gz is not there any more; train and approve a model anew$"):
        Suite(report=tmp_path / "model.xml", s3=s3).run(URI, owner=ACCOUNT, tell=print)


def test_what_is_left_out_stands_in_the_report(tmp_path: Path) -> None:
    report = tmp_path / "out" / "model.xml"
    Suite(report=report, s3=None).skip("churn/3", "it was registered before", print)
    assert '<skipped message="it was registered before" />' in report.read_text()
