"""Data sets of ingestion made on Spark: whole or not at all, of what the version names, and taken by training."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from contracts import datasets
from contracts.datasets import DataSet
from tests.workloads.features import conftest as features
from tests.workloads.ingestion.conftest import LAYOUT, PLACE, UNHELD, Lake
from tests.workloads.validation.delivered import good_rows
from workloads.etl import published
from workloads.etl import spark as etl
from workloads.ingestion import data_sets, on_spark
from workloads.ingestion.on_spark import ARGUMENTS, given_by_glue
from workloads.location import Location

spark = features.spark
FS = "fs.viewfs.mounttable.processed.linkFallback"


class OnSpark:
    """The lake as Spark finds it: the processed bucket in a directory."""

    def __init__(self, lake: Lake, session: Any, directory: Path) -> None:
        self.lake, self.session, self.directory = lake, session, directory

    def prepare(self, sha256: str) -> DataSet:
        """What a run of Glue does. What accepted objects there are is there before, what Spark has written after it."""
        for key in self.lake.keys(LAYOUT.accepted):
            path = self.directory / key
            path.parent.mkdir(parents=True, exist_ok=True)
            self.lake.s3.download_file("processed", key, str(path))
        make = partial(on_spark.make, self.session, self.lake.s3, UNHELD, place=PLACE)
        made = data_sets.prepare(self.lake.s3, sha256, PLACE, now=datetime.now(UTC), make=make)
        for path in self.directory.rglob("*.parquet"):
            self.lake.s3.upload_file(str(path), "processed", path.relative_to(self.directory).as_posix())
        return made


@pytest.fixture
def on(lake: Lake, spark: Any, tmp_path: Path) -> Iterator[OnSpark]:
    directory = tmp_path / "processed"
    directory.mkdir()
    settings = spark.sparkContext._jsc.hadoopConfiguration()
    settings.set("fs.s3.impl", "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme")
    settings.set("fs.s3.impl.disable.cache", "true")
    settings.set(FS, directory.as_uri())
    yield OnSpark(lake, spark, directory)
    settings.unset(FS)


@pytest.mark.spark
def test_a_run_that_dies_after_half_leaves_no_data_set_and_the_next_one_publishes_the_whole(
    on: OnSpark, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sha256 = on.lake.validate(on.lake.deliver(good_rows(300))).object_sha256
    real = etl.completed
    calls = list[str]()

    def dies(rows: Any, contract: Any) -> Any:
        calls.append("")
        if len(calls) == 6:  # once to read each part, once for the types, once to write each part
            raise RuntimeError("died")
        return real(rows, contract)

    with monkeypatch.context() as patch:
        patch.setattr(etl, "completed", dies)
        with pytest.raises(RuntimeError, match="died"):
            on.prepare(sha256)
    left = {path.relative_to(on.directory / LAYOUT.data_sets).parts[2] for path in on.directory.rglob("part-*.parquet")}
    assert left == {"train"}
    assert [key for key in on.lake.keys("") if "manifest" in key or "/index/" in key or "prepared" in key] == []

    made = on.prepare(sha256)
    version = str(datasets.dataset_version(on.lake.s3, PLACE.accepted))
    assert datasets.find(on.lake.s3, PLACE.data_sets, version, PLACE.recipe, datetime.now(UTC)) == made
    given = on.lake.fetch(str(made.uri), tmp_path / "given")
    taken = published.take(given, UNHELD, tmp_path / "taken")
    embedded = on.lake.json(
        f"{str(on.lake.prepare(sha256, place=_of_another_recipe()).uri).removeprefix('s3://processed/')}{published.MANIFEST}"
    )
    assert taken["dataset_version"] == embedded["dataset_version"]
    assert taken["splits"] == embedded["splits"]
    assert taken["requested_version"] == version
    assert len(taken["files"]) == len(list((tmp_path / "taken").rglob("*.parquet"))) > 3
    shutil.rmtree(on.directory)  # the second time reads and writes nothing
    on.directory.mkdir()
    monkeypatch.setattr(etl, "prepared", lambda *_: pytest.fail("it was made again"))
    assert on.prepare(sha256) == made


def _of_another_recipe() -> data_sets.Place:
    return data_sets.Place(bucket=PLACE.bucket, workload=PLACE.workload, recipe="0b")


@pytest.mark.spark
def test_rows_that_are_too_few_wait_for_more(on: OnSpark) -> None:
    made = on.prepare(on.lake.validate(on.lake.deliver(good_rows(3))).object_sha256)
    assert made.uri is None
    assert made.why.startswith("no data set can be made of this input")
    assert list(on.directory.rglob("part-*.parquet")) == []


def test_spark_finds_every_directory_above_its_own_made_already(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else EMRFS would note them in `datasets/churn_$folder$`, where the role of the job may not write."""
    found = list[tuple[str, str, list[str]]]()

    @contextmanager
    def prepared(*_: Any) -> Generator[tuple[None, dict[str, Any]]]:
        yield None, {"dataset_version": "sha256-0a"}

    def write(_: Any, __: Any, output: str) -> None:
        run = Location.parse(f"{output}/")
        found.append((run.bucket, run.key, lake.keys(LAYOUT.data_sets)))

    monkeypatch.setattr(etl, "prepared", prepared)
    monkeypatch.setattr(etl, "write", write)
    monkeypatch.setattr(etl, "digests", lambda *_: {})
    for _ in range(2):
        on_spark.make(cast("Any", None), lake.s3, UNHELD, ["accepted/churn/1.parquet"], "data-0123456789ab", PLACE)
    (first, second) = found
    assert first[1].startswith(f"{LAYOUT.data_sets}sha256-0a/")
    assert first == ("processed", first[1], [f"{first[1]}begun.json"])
    assert set(second[2]) - set(first[2]) == {f"{first[1]}manifest/manifest.json", f"{second[1]}begun.json"}
    assert lake.json(f"{second[1]}begun.json") == {"requested_version": "data-0123456789ab"}


def test_of_what_glue_gives_its_script_the_job_takes_its_own() -> None:
    own = [text for name in ARGUMENTS for text in (name, f"of {name}")]
    given = [
        "--JOB_NAME",
        "churn-staging-spark",
        *own[:4],
        "--enable-metrics",
        "true",
        *own[4:],
        "--JOB_RUN_ID",
        "jr_1",
    ]
    assert given_by_glue(given) == own
