"""Pulls one after the other, twice, at once and broken off: every change of a row is in one object."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.servers import playing
from tests.workloads.ingestion.conftest import UNHELD
from tests.workloads.pulling.api import Api, refusing
from tests.workloads.validation.delivered import HEADER, NOW, good_rows
from workloads.job import PlatformError, UserError
from workloads.location import Location
from workloads.pulling import pull as pulling
from workloads.pulling.pull import Pulled, pull
from workloads.validation.delivery import process

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
PLACE = Location(bucket="raw", key="incoming/churn/crm/")


def at(day: int) -> datetime:
    return datetime(2026, 11, day, tzinfo=UTC)


def row(key: str, day: int, hour: int = 0) -> dict[str, Any]:
    return {"key": key, "updated_at": f"2026-11-{day:02d}T{hour:02d}:00:00Z"}


@pytest.fixture
def api() -> Iterator[Api]:
    with playing(Api([row("a", 1), row("b", 2), row("c", 2, 5), row("d", 3)])) as played:
        yield played


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        client.create_bucket(Bucket="raw")
        yield client


class Runs:
    """Pulls of one source."""

    def __init__(self, s3: Any, api: Api, scratch: Path) -> None:
        self.s3, self.api, self.scratch = s3, api, scratch

    def __call__(self, day: int, s3: Any = None) -> Pulled:
        return pull(s3 or self.s3, self.api.source(), PLACE, first=FIRST, until=at(day), scratch=self.scratch)

    def delivered(self) -> dict[str, list[str]]:
        """Name of each object -> the keys of its rows."""
        found = self.s3.list_objects_v2(Bucket="raw").get("Contents", ())
        return {item["Key"].removeprefix(PLACE.key): [r["key"] for r in self.read(item["Key"])] for item in found}

    def read(self, key: str) -> list[dict[str, str]]:
        body = self.s3.get_object(Bucket="raw", Key=key)["Body"].read().decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(body)))


@pytest.fixture
def run(s3: Any, api: Api, tmp_path: Path) -> Runs:
    return Runs(s3, api, tmp_path)


def test_a_pull_goes_on_where_the_one_before_ended(run: Runs) -> None:
    first = run(2)
    assert first == Pulled(
        since="20261101T000000Z",
        until="20261102T000000Z",
        rows=1,
        object="s3://raw/incoming/churn/crm/20261101T000000Z.csv",
        why="",
    )
    assert run(3).rows == 2
    assert run(4).rows == 1
    assert run.delivered() == {
        "20261101T000000Z.csv": ["a"], "20261102T000000Z.csv": ["b", "c"], "20261103T000000Z.csv": ["d"]
    }  # fmt: skip


def test_a_pull_that_is_repeated_or_comes_late_changes_nothing(run: Runs) -> None:
    run(3)
    before, asked = run.delivered(), len(run.api.asked)
    assert [run(3).why, run(2).why] == ["pulled before"] * 2
    assert (run.delivered(), len(run.api.asked)) == (before, asked)


def test_where_nothing_has_changed_there_is_no_object_and_the_next_pull_covers_the_time(run: Runs) -> None:
    run(4)
    assert run(5).why == "nothing has changed"
    run.api.rows.append(row("late", 4, 1))
    assert run(6).rows == 1
    assert run.delivered()["20261104T000000Z.csv"] == ["late"]


def test_a_pull_that_dies_on_its_way_leaves_nothing_and_the_next_has_all(run: Runs) -> None:
    pages = iter([lambda: None, lambda: run.api.answers.extend(refusing(500, 3))])
    run.api.meanwhile = lambda: next(pages, lambda: None)()
    with pytest.raises(PlatformError, match="answers 500 again and again"):
        run(4)
    assert run.delivered() == {}
    assert run(4).rows == 4
    assert run.delivered() == {"20261101T000000Z.csv": ["a", "b", "c", "d"]}


def test_a_pull_whose_write_came_through_while_it_died_is_done(run: Runs) -> None:
    class Dies:
        def __getattr__(self, name: str) -> Any:
            return getattr(run.s3, name)

        def put_object(self, **asked: Any) -> None:
            run.s3.put_object(**asked)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        run(3, Dies())
    assert run(3).why == "pulled before"
    assert run(4).rows == 1
    assert run.delivered() == {"20261101T000000Z.csv": ["a", "b", "c"], "20261103T000000Z.csv": ["d"]}


def test_of_two_pulls_at_once_one_alone_delivers(run: Runs, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Runs(run.s3, run.api, tmp_path / "other")
    overtakes = iter([lambda: other(4)])
    run.api.meanwhile = lambda: next(overtakes, lambda: None)()  # while the first waits for its first page
    assert run(3).why == "another pull was there first"
    assert run.delivered() == {"20261101T000000Z.csv": ["a", "b", "c", "d"]}
    assert run(5).why == "nothing has changed"


def test_a_row_that_changes_between_two_pages_comes_with_its_new_value_in_the_next_pull(run: Runs) -> None:
    def change() -> None:
        run.api.rows[1] = row("b", 4, 1)

    changes = iter([lambda: None, change])
    run.api.meanwhile = lambda: next(changes, lambda: None)()
    run(4)
    run(5)
    delivered = run.delivered()
    assert delivered["20261104T000000Z.csv"] == ["b"]
    assert sorted({*delivered["20261101T000000Z.csv"], *delivered["20261104T000000Z.csv"]}) == ["a", "b", "c", "d"]


def test_what_others_deliver_beside_it_is_no_pull(run: Runs) -> None:
    for name in ("20261201.csv", "z/20261201T000000Z.csv", "20261201T000000Z.csv.gz"):
        run.s3.put_object(Bucket="raw", Key=f"{PLACE.key}{name}", Body=b"")
    assert run(2).since == "20261101T000000Z"
    run.s3.put_object(Bucket="raw", Key=f"{PLACE.key}20261201T000000Z.csv", Body=b"")
    with pytest.raises(
        UserError, match=r"20261201T000000Z\.csv: found '' as metadata 'until'; allowed: what a pull writes"
    ):
        run(3)


def test_more_than_one_write_takes_is_refused_with_what_to_do(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "MAX_BYTES", 10)
    with pytest.raises(UserError, match="allowed: 10 in one pull; deliver history as files, and say with `first`"):
        run(4)
    assert run.delivered() == {}


def test_a_column_that_some_rows_lack_is_empty_there(run: Runs) -> None:
    run.api.rows = [row("a", 1), {**row("b, or c", 1, 2), "note": "two\nlines"}]
    run(4)
    assert run.read(f"{PLACE.key}20261101T000000Z.csv") == [
        {**row("a", 1), "note": ""},
        {**row("b, or c", 1, 2), "note": "two\nlines"},
    ]


def test_validation_takes_what_was_pulled_as_it_takes_what_is_delivered(run: Runs) -> None:
    run.s3.create_bucket(Bucket="processed")
    run.api.rows = [{**each, "updated_at": "2026-11-01T00:00:00Z"} for each in good_rows()]
    run.api.key = "customer_id"
    source = Location.parse(str(run(4).object))
    verdict = process(
        run.s3,
        UNHELD,
        source=source,
        processed=Location(bucket="processed", key=""),
        workload="churn",
        now=NOW,
    )
    assert (verdict.status, verdict.accepted) == ("accepted", len(good_rows()))
    assert {"updated_at"} == set(run.read(source.key)[0]) - set(HEADER)
