"""Data sets on objects in S3: made once for the same data, whole or not at all, and taken by training as they are."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts import datasets
from contracts.layout import DATA_SET_DAYS
from contracts.schema import to_json
from tests.workloads.ingestion.conftest import LAYOUT, PLACE, UNHELD, Lake
from tests.workloads.validation.delivered import good_rows
from workloads.etl import __main__ as etl
from workloads.etl import published
from workloads.etl.embedded import run
from workloads.ingestion import data_sets
from workloads.inputs import file_sha256, read_json
from workloads.job import UserError

NOTED = f"{LAYOUT.prepared}0a/"


def accepted(lake: Lake, count: int = 300, name: str = "day.csv") -> str:
    return lake.validate(lake.deliver(good_rows(count), name)).object_sha256


def test_a_data_set_is_published_found_by_its_version_and_noted_of_the_object(lake: Lake, tmp_path: Path) -> None:
    sha256 = accepted(lake)
    made = lake.prepare(sha256)
    version = str(datasets.dataset_version(lake.s3, PLACE.accepted))
    assert datasets.find(lake.s3, PLACE.data_sets, version, "0a", datetime.now(UTC)) == made
    assert lake.json(f"{NOTED}{sha256}.json") == {"data_version": version, "uri": made.uri, "why": ""}
    given = lake.fetch(str(made.uri), tmp_path)
    manifest = read_json(given / published.MANIFEST)
    assert manifest["requested_version"] == version
    assert [source["name"] for source in manifest["sources"]] == [f"{sha256}.parquet"]
    assert {name: file_sha256(given / name) for name in manifest["files"]} == manifest["files"]


def test_the_same_data_is_made_once_and_again_when_it_may_have_expired(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = accepted(lake)
    first = lake.prepare(sha256)
    with monkeypatch.context() as patch:
        patch.setattr("workloads.etl.embedded.run", lambda *_, **__: pytest.fail("it was made again"))
        assert lake.prepare(sha256) == first
        with pytest.raises(pytest.fail.Exception, match="made again"):
            lake.prepare(sha256, now=datetime.now(UTC) + timedelta(days=DATA_SET_DAYS))
        with pytest.raises(pytest.fail.Exception, match="made again"):
            lake.prepare(sha256, place=dataclasses.replace(PLACE, recipe="0b"))
    assert lake.prepare(sha256, now=datetime.now(UTC) + timedelta(days=DATA_SET_DAYS)) == first


@pytest.mark.parametrize("uploads", [pytest.param(n, marks=[] if n == 3 else pytest.mark.full) for n in range(4)])
def test_who_dies_while_publishing_leaves_no_data_set_and_the_next_one_publishes_the_whole(
    lake: Lake, uploads: int
) -> None:
    """After so many of the three parts; after all of them before the manifest."""
    sha256, done = accepted(lake), [0]

    def dying(real: Any) -> Any:
        def act(*arguments: Any, **named: Any) -> Any:
            if done[0] == uploads:
                raise RuntimeError("died")
            done[0] += 1
            return real(*arguments, **named)

        return act

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lake.s3, "upload_file", dying(lake.s3.upload_file))
        patch.setattr(data_sets, "put_json", dying(data_sets.put_json))
        with pytest.raises(RuntimeError, match="died"):
            lake.prepare(sha256)
    assert len(lake.keys(LAYOUT.data_sets)) == uploads
    assert [key for key in lake.keys("") if "manifest" in key or "/index/" in key or key.startswith(NOTED)] == []
    made = lake.prepare(sha256)
    assert len(lake.keys(LAYOUT.data_sets)) == 5
    assert len(lake.keys(str(made.uri).removeprefix("s3://processed/"))) == 4


def test_rows_that_are_too_few_for_a_data_set_wait_for_more_and_fail_nothing(lake: Lake) -> None:
    made = lake.prepare(accepted(lake, 3))
    assert made.uri is None
    assert made.why.startswith("no data set can be made of this input")
    assert [key for key in lake.keys(LAYOUT.data_sets) if "/index/" not in key] == []
    assert lake.prepare(accepted(lake, 300, "more.csv")).uri


def test_an_object_that_other_rules_have_taken_back_since_makes_no_data_set(lake: Lake) -> None:
    sha256 = accepted(lake)
    lake.s3.delete_object(Bucket="processed", Key=f"{LAYOUT.accepted}{sha256}.parquet")
    assert lake.prepare(sha256).why == "there is no accepted data"


def test_training_takes_a_published_data_set_as_it_is(lake: Lake, tmp_path: Path) -> None:
    made = lake.prepare(accepted(lake))
    given = lake.fetch(str(made.uri), tmp_path / "given")
    contract = tmp_path / "contract.json"
    contract.write_text(to_json(UNHELD))
    arguments = ["--contract", str(contract), "--input", str(given), "--output", str(tmp_path / "taken")]
    assert etl.main(arguments) == 0
    again = run(lake.fetch(PLACE.accepted, tmp_path / "accepted"), UNHELD, tmp_path / "made")
    for part in ("train", "validation", "test"):
        name = f"{part}/part-00000.parquet"
        assert (tmp_path / "taken" / name).read_bytes() == (tmp_path / "made" / name).read_bytes()
    taken = published.take(given, UNHELD, tmp_path / "again")
    assert taken["dataset_version"] == again["dataset_version"]


def test_a_data_set_that_is_not_whole_or_of_another_contract_is_refused_with_every_fault(
    lake: Lake, tmp_path: Path
) -> None:
    given = lake.fetch(str(lake.prepare(accepted(lake)).uri), tmp_path / "given")
    with (given / "test" / "part-00000.parquet").open("ab") as file:
        file.write(b"x")
    (given / "train" / "part-00000.parquet").rename(given / "train" / "other.parquet")
    with pytest.raises(UserError) as caught:
        published.take(given, dataclasses.replace(UNHELD, description="another"), tmp_path / "refused")
    told = str(caught.value).splitlines()
    assert told[0].endswith("cannot be used")
    assert [line.strip().partition(" ")[0] for line in told[1:]] == [
        "it", "test/part-00000.parquet", "train/other.parquet", "train/part-00000.parquet"
    ]  # fmt: skip
    assert not (tmp_path / "refused").exists()
