"""The fault series of ingestion: whatever happens on the way, every delivered row ends in one place, with its reason.

The jobs run in this process against moto, in the order in which the machine asks for them. A job is killed by letting
its n-th write into S3, or its n-th batch of records, be its last.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.datasets import dataset_version
from tests.workloads.ingestion.conftest import LAYOUT, PLACE, UNHELD, Lake
from tests.workloads.ingestion.test_features import GROUP, Store, failing
from tests.workloads.validation.delivered import Row, good_row, good_rows, read_rows
from workloads.ingestion.features import take
from workloads.validation.verdict import Status

#: 200 rows, of which four are bad, each in its own way.
BAD: dict[int, Row] = {
    3: {"support_tickets": -1},
    50: {"churn_label": 7},
    99: {"user_tenure_months": "many"},
    150: {"event_time": "2199-01-01T00:00:00Z"},
}
ROWS = [good_row(index, **BAD.get(index, {})) for index in range(200)]
#: Of all jobs together: six of validation, six of the data set, one of the records.
WRITES = 13
IDS = [str(row["customer_id"]) for row in ROWS]


class Killed(BaseException):
    """The job is gone, as by a signal: nothing in it catches this."""


@contextmanager
def killed_at(lake: Lake, write: int) -> Generator[list[int]]:
    """The first so many writes of the S3 client happen, the next one kills the job. Yields how many there were."""
    done = [0]

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*arguments: Any, **named: Any) -> Any:
            if done[0] == write:
                raise Killed
            done[0] += 1
            return real(*arguments, **named)

        return act

    with pytest.MonkeyPatch.context() as patch:
        for name in ("put_object", "delete_object"):  # `upload_file` puts, too
            patch.setattr(lake.s3, name, dying(getattr(lake.s3, name)))
        yield done


def machine(lake: Lake, delivered: tuple[str, str], store: Store, **validation: Any) -> Status:
    """What the machine does for one event: judge, read the note, then the steps for what is accepted."""
    verdict = lake.validate(delivered, **validation)
    status = verdict.duplicate_of or verdict.status
    if status is Status.ACCEPTED:
        lake.prepare(verdict.object_sha256)
        take(lake.s3, store, UNHELD, verdict.object_sha256, PLACE, group=GROUP, scratch=lake.directory)
    return status


def places(lake: Lake) -> dict[str, list[str]]:
    """Where each customer's rows lie: `accepted`, or the codes of why they do not."""
    found: dict[str, list[str]] = {}
    for key in lake.keys(LAYOUT.accepted):
        for row in _rows(lake, key):
            found.setdefault(row["customer_id"], []).append("accepted")
    for key in lake.keys(LAYOUT.quarantine):
        if key.endswith("/rows.parquet"):
            for row in _rows(lake, key):
                found.setdefault(row["customer_id"], []).append(" ".join(row["quarantine_codes"]))
    return found


def _rows(lake: Lake, key: str) -> list[Row]:
    path = lake.directory / "read.parquet"
    lake.s3.download_file("processed", key, str(path))
    return read_rows(path)


EXPECTED = {identifier: ["accepted"] for identifier in IDS} | {
    IDS[3]: ["below_minimum"],
    IDS[50]: ["not_allowed"],
    IDS[99]: ["wrong_type"],
    IDS[150]: ["future_event"],
}
ACCEPTED = {identifier for identifier, place in EXPECTED.items() if place == ["accepted"]}


def assert_whole(lake: Lake, store: Store) -> None:
    """Every row in one place; each accepted one in the store, and one data set of them that the index names."""
    assert places(lake) == EXPECTED
    assert set(store.taken) == ACCEPTED
    version = dataset_version(lake.s3, PLACE.accepted)
    entry = lake.json(f"{LAYOUT.data_sets}index/0a/{version}.json")
    manifest = lake.json(entry["uri"].removeprefix("s3://processed/") + "manifest/manifest.json")
    assert sum(split["rows"] for split in manifest["splits"].values()) == len(ACCEPTED)


def test_an_event_that_comes_again_and_again_changes_nothing(lake: Lake) -> None:
    delivered, store = lake.deliver(ROWS), Store()
    assert [machine(lake, delivered, store) for _ in range(3)] == [Status.ACCEPTED] * 3
    assert_whole(lake, store)
    assert set(store.taken.values()) == {1}


def test_the_same_bytes_under_another_name_are_the_same_rows(lake: Lake) -> None:
    store = Store()
    for name in ("day.csv", "day again.csv"):
        machine(lake, lake.deliver(ROWS, name), store)
    assert_whole(lake, store)
    assert set(store.taken.values()) == {1}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_events_in_any_order_leave_the_same_data_set(
    lake: Lake, order: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last file corrects rows of the first: the later delivery wins, whenever it is judged."""
    rows = good_rows(200)
    corrected = [row | {"support_tickets": row["support_tickets"] + 5} for row in rows[:20]]
    parts = [rows[:120], rows[120:], corrected]
    delivered = [lake.deliver(part, f"{hour}.csv") for hour, part in enumerate(parts)]
    head = lake.s3.head_object

    def by_name(**of: Any) -> Any:
        hour = of["Key"].rpartition("/")[2].partition(".")[0]
        put = {"LastModified": datetime(2026, 11, 21, int(hour), tzinfo=UTC)} if of["Bucket"] == "raw" else {}
        return {**head(**of), **put}

    monkeypatch.setattr(lake.s3, "head_object", by_name)
    for number in order:
        machine(lake, delivered[number], Store())
    entry = lake.json(f"{LAYOUT.data_sets}index/0a/{dataset_version(lake.s3, PLACE.accepted)}.json")
    directory = lake.fetch(entry["uri"], lake.directory / "data-set")
    found = {
        row["customer_id"]: row["support_tickets"] for path in directory.rglob("*.parquet") for row in read_rows(path)
    }
    assert found == {row["customer_id"]: row["support_tickets"] for row in [*rows, *corrected]}


@pytest.mark.parametrize(
    "write", [pytest.param(n, marks=[] if n in (4, 10) else pytest.mark.full) for n in range(WRITES + 1)]
)
def test_a_job_that_is_killed_before_any_of_its_writes_is_finished_by_the_next_try(lake: Lake, write: int) -> None:
    delivered, store = lake.deliver(ROWS), Store()
    with killed_at(lake, write) as done:
        if write < WRITES:
            with pytest.raises(Killed):
                machine(lake, delivered, store)
        else:
            machine(lake, delivered, store)  # there is no further write
    assert done == [write]
    machine(lake, delivered, store)
    assert_whole(lake, store)


@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceUnavailable"])
def test_a_store_that_is_throttled_for_a_while_gets_every_row_once(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr("workloads.ingestion.features.FIRST_WAIT_SECONDS", 0)

    def throttled(call: int, _: list[dict[str, Any]]) -> dict[str, Any]:
        if call % 2:
            raise failing(code)
        return {}

    store = Store(throttled)
    machine(lake, lake.deliver(ROWS), store)
    assert_whole(lake, store)
    assert set(store.taken.values()) == {1}


def test_batches_that_fail_in_part_are_completed_and_nothing_is_written_twice(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workloads.ingestion.features.FIRST_WAIT_SECONDS", 0)

    def in_part(_: int, entries: list[dict[str, Any]]) -> dict[str, Any]:
        error = {"Entry": entries[0], "ErrorCode": "InternalFailure", "ErrorMessage": "later"}
        return {"Errors": [error], "UnprocessedEntries": entries[5:]} if len(entries) > 1 else {}

    store = Store(in_part)
    machine(lake, lake.deliver(ROWS), store)
    assert_whole(lake, store)
    assert set(store.taken.values()) == {1}


def test_a_job_that_is_killed_between_batches_leaves_rows_that_the_next_try_writes_again_or_for_the_first_time(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workloads.ingestion.features.AT_ONCE", 1)
    delivered = lake.deliver(ROWS)

    def killed(call: int, _: list[dict[str, Any]]) -> dict[str, Any]:
        if call >= 4:
            raise Killed
        return {}

    store = Store(killed)
    with pytest.raises(Killed):
        machine(lake, delivered, store)
    assert len(store.taken) == 75
    store.answer = None
    machine(lake, delivered, store)
    assert_whole(lake, store)
    assert sum(store.taken.values()) == 75 + len(ACCEPTED)


def test_a_poison_file_is_kept_with_its_reason_and_touches_no_other(lake: Lake) -> None:
    store = Store()
    machine(lake, lake.deliver(ROWS), store)
    poison = bytes(range(128, 256)) * 32
    delivered = lake.deliver(poison, "poison.csv")
    for _ in range(2):
        assert machine(lake, delivered, store) is Status.REFUSED
    assert_whole(lake, store)
    (kept,) = (key for key in lake.keys(LAYOUT.quarantine) if key.endswith("/_file.bin"))
    assert lake.s3.get_object(Bucket="processed", Key=kept)["Body"].read() == poison
    assert lake.json(kept.replace("_file.bin", "_reason.json"))["status"] == "refused"


def test_a_data_set_that_cannot_be_made_leaves_the_rows_accepted_and_the_event_to_be_sent_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered, store = lake.deliver(ROWS), Store()
    with monkeypatch.context() as patch:
        patch.setattr("workloads.etl.embedded.run", _out_of_memory)
        for _ in range(3):
            with pytest.raises(MemoryError):
                machine(lake, delivered, store)
    assert (places(lake), store.taken) == (EXPECTED, {})
    assert lake.keys(LAYOUT.data_sets) == []
    machine(lake, delivered, store)
    assert_whole(lake, store)


def _out_of_memory(*_: Any, **__: Any) -> None:
    raise MemoryError


def test_a_file_under_way_while_the_contract_changes_is_in_one_place_by_the_rules_that_judged_it_last(
    lake: Lake,
) -> None:
    """The execution under way ends by the old rules; what is delivered again is judged by the new ones, wholly."""
    laxer = dataclasses.replace(
        UNHELD,
        columns=tuple(
            dataclasses.replace(c, minimum=None) if c.name == "support_tickets" else c for c in UNHELD.columns
        ),
    )
    delivered, store = lake.deliver(ROWS), Store()
    with killed_at(lake, 3), pytest.raises(Killed):
        machine(lake, delivered, store)
    machine(lake, delivered, store, contract=laxer)
    assert places(lake) == EXPECTED | {IDS[3]: ["accepted"]}
    machine(lake, delivered, Store())  # the older execution, tried again after the newer one
    assert places(lake) == EXPECTED
