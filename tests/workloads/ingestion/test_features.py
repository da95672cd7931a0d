"""Rows into the feature store: what the API is given, and what is done with what it leaves undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from contracts import loader
from tests.workloads.ingestion.conftest import LAYOUT, PLACE, UNHELD, Lake
from tests.workloads.validation.delivered import good_rows
from workloads.ingestion.features import BATCH, TRIES, ingest, records, take
from workloads.job import PlatformError, UserError
from workloads.location import LocationError

CHURN = loader.load("contracts/churn.yaml")
GROUP = "churn-staging-features"


def accepted(path: Path, rows: int) -> Path:
    moment = datetime(2026, 11, 20, 8, tzinfo=UTC)
    table = {
        "customer_id": [f"C{i}" for i in range(rows)],
        "event_time": [moment] * rows,
        "user_tenure_months": list(range(rows)),
        "transaction_volume": [None if i % 2 else 0.5 for i in range(rows)],
        "support_tickets": [1] * rows,
        "churn_label": [0] * rows,
    }
    pq.write_table(pa.table(table), path)
    return path


class Store:
    """A feature store's runtime that answers as it is told; `taken` are the entities it holds, with how often."""

    exceptions = boto3.client("sagemaker-featurestore-runtime", "eu-west-1").exceptions

    def __init__(self, answer: Callable[[int, list[dict[str, Any]]], dict[str, Any]] | None = None) -> None:
        self.answer, self.calls, self.taken = answer, 0, dict[str, int]()

    def batch_write_record(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.calls += 1
        answer = self.answer(self.calls, Entries) if self.answer else {}
        left = [*answer.get("UnprocessedEntries", []), *(error["Entry"] for error in answer.get("Errors", []))]
        for entry in Entries:
            if entry not in left:
                entity = entry["Record"][0]["ValueAsString"]
                self.taken[entity] = self.taken.get(entity, 0) + 1
        return {"UnprocessedEntries": [], "Errors": [], **answer}


def failing(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "BatchWriteRecord")


def test_a_record_has_the_entity_the_moment_and_the_inputs_as_texts_without_label_and_missing_values() -> None:
    moment = datetime(2026, 11, 20, 8, 0, 0, 250_000, tzinfo=UTC)
    row = {"customer_id": "C1", "event_time": moment, "user_tenure_months": 7, "transaction_volume": 0.5}
    (record,) = records([{**row, "support_tickets": None, "churn_label": 1}], CHURN)
    assert {each["FeatureName"]: each["ValueAsString"] for each in record} == {
        "customer_id": "C1",
        "event_time": "2026-11-20T08:00:00.250Z",
        "user_tenure_months": "7",
        "transaction_volume": "0.5",
    }


def test_every_row_is_written_once_in_batches(tmp_path: Path) -> None:
    store = Store()
    assert ingest(store, GROUP, CHURN, accepted(tmp_path / "a.parquet", 2 * BATCH + 3)) == 2 * BATCH + 3
    assert store.calls == 3
    assert store.taken == {f"C{i}": 1 for i in range(2 * BATCH + 3)}


@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceUnavailable", "InternalFailure"])
def test_a_throttled_batch_is_written_again_after_a_wait(tmp_path: Path, code: str) -> None:
    def throttled(call: int, _: list[dict[str, Any]]) -> dict[str, Any]:
        if call <= 3:
            raise failing(code)
        return {}

    store, waits = Store(throttled), list[float]()
    assert ingest(store, GROUP, CHURN, accepted(tmp_path / "a.parquet", 5), sleep=waits.append) == 5
    assert store.taken == {f"C{i}": 1 for i in range(5)}
    assert [wait <= 0.1 * 2**number for number, wait in enumerate(waits, start=1)] == [True] * 3


def test_of_a_batch_that_failed_in_part_only_the_rest_is_written_again(tmp_path: Path) -> None:
    def in_part(call: int, entries: list[dict[str, Any]]) -> dict[str, Any]:
        if call > 1:
            return {}
        error = {"Entry": entries[1], "ErrorCode": "InternalFailure", "ErrorMessage": "later"}
        return {"UnprocessedEntries": entries[3:], "Errors": [error]}

    store = Store(in_part)
    assert ingest(store, GROUP, CHURN, accepted(tmp_path / "a.parquet", 5), sleep=lambda _: None) == 5
    assert store.taken == {f"C{i}": 1 for i in range(5)}
    assert store.calls == 2


def test_a_record_that_is_told_twice_is_written_again_once(tmp_path: Path) -> None:
    def twice(call: int, entries: list[dict[str, Any]]) -> dict[str, Any]:
        if call > 1:
            return {}
        told = {"Entry": entries[1], "ErrorCode": "ThrottlingException", "ErrorMessage": "later"}
        other = {"Entry": entries[4], "ErrorCode": "InternalFailure", "ErrorMessage": "later"}
        return {"UnprocessedEntries": entries[1:3], "Errors": [told, other]}

    store = Store(twice)
    assert ingest(store, GROUP, CHURN, accepted(tmp_path / "a.parquet", 5), sleep=lambda _: None) == 5
    assert store.taken == {f"C{i}": 1 for i in range(5)}


def test_a_store_that_takes_nothing_ends_as_a_fault_of_the_platform(tmp_path: Path) -> None:
    store = Store(lambda _, entries: {"UnprocessedEntries": entries})
    with pytest.raises(PlatformError, match=f"{GROUP}: 5 records were not taken in {TRIES} tries; try again"):
        ingest(store, GROUP, CHURN, accepted(tmp_path / "a.parquet", 5), sleep=lambda _: None)
    assert store.calls == TRIES


def test_a_record_that_the_group_cannot_take_is_told_and_not_tried_again(tmp_path: Path) -> None:
    def refused(_: int, entries: list[dict[str, Any]]) -> dict[str, Any]:
        told = "feature support_tickets is not in the group"
        return {"Errors": [{"Entry": entries[0], "ErrorCode": "ValidationError", "ErrorMessage": told}]}

    store = Store(refused)
    with pytest.raises(
        UserError, match="refuses 1 records of a batch, the first with ValidationError: feature supp"
    ) as caught:
        ingest(store, GROUP, CHURN, accepted(tmp_path / "a.parquet", 5))
    assert store.calls == 1
    assert "`python -m automation evolve` gives the group the columns" in str(caught.value)


def test_an_error_of_another_kind_is_not_taken_for_a_throttle(tmp_path: Path) -> None:
    def forbidden(_: int, __: list[dict[str, Any]]) -> dict[str, Any]:
        raise failing("AccessForbidden")

    with pytest.raises(ClientError, match="AccessForbidden"):
        ingest(Store(forbidden), GROUP, CHURN, accepted(tmp_path / "a.parquet", 5))


def test_the_rows_of_an_object_are_written_once_and_wholly_after_a_try_that_was_broken_off(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = lake.validate(lake.deliver(good_rows(60))).object_sha256
    broken = Store(lambda call, entries: {"UnprocessedEntries": entries} if call != 1 else {})
    monkeypatch.setattr("workloads.ingestion.features.FIRST_WAIT_SECONDS", 0)
    monkeypatch.setattr("workloads.ingestion.features.TRIES", 2)
    with pytest.raises(PlatformError):
        take(lake.s3, broken, UNHELD, sha256, PLACE, group=GROUP, scratch=lake.directory)
    assert lake.keys(LAYOUT.ingested) == []
    whole = Store()
    assert take(lake.s3, whole, UNHELD, sha256, PLACE, group=GROUP, scratch=lake.directory) == 60
    assert whole.taken == {f"C{i:04d}": 1 for i in range(60)}
    assert lake.json(f"{LAYOUT.ingested}0a/{sha256}.json") == {"feature_group": GROUP, "records": 60}
    assert take(lake.s3, whole, UNHELD, sha256, PLACE, group=GROUP, scratch=lake.directory) == 0
    assert sum(whole.taken.values()) == 60


def test_an_object_that_was_judged_again_and_is_not_accepted_has_no_rows_to_write(lake: Lake) -> None:
    sha256 = lake.validate(lake.deliver(good_rows(60))).object_sha256
    lake.s3.delete_object(Bucket="processed", Key=f"{LAYOUT.accepted}{sha256}.parquet")
    store = Store()
    assert take(lake.s3, store, UNHELD, sha256, PLACE, group=GROUP, scratch=lake.directory) == 0
    assert (store.calls, lake.keys(LAYOUT.ingested)) == (0, [])


def test_an_object_that_is_there_and_cannot_be_read_is_a_fault(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = lake.validate(lake.deliver(good_rows(60))).object_sha256

    def forbidden(*_: Any, **__: Any) -> None:
        raise LocationError("object cannot be read: 403; check the name and the role")

    monkeypatch.setattr("workloads.ingestion.features.download", forbidden)
    with pytest.raises(LocationError, match="403"):
        take(lake.s3, Store(), UNHELD, sha256, PLACE, group=GROUP, scratch=lake.directory)
