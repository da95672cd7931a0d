"""Jobs that judge the same bytes at once, or die on the way, under the same rules or others: each row in one place.

A job is interrupted before its n-th write into S3, for every n: there another one does all of its work, or the job is
killed, or both. What is left is compared with the one verdict that the ledger has by then.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from contracts.schema import Contract
from tests.workloads.ingestion.conftest import LAYOUT, UNHELD, Lake
from tests.workloads.validation.delivered import CHURN, NOW, good_row, good_rows, read_rows
from workloads.job import PlatformError
from workloads.location import Location
from workloads.validation import delivery, outcome
from workloads.validation.delivery import Approval, ApprovalError
from workloads.validation.verdict import Status

#: Sixty rows; one has more tickets than `STRICTER` allows, and a third of them more months than `STRICTEST` does.
ROWS = [good_row(index, support_tickets=99 if index == 7 else index % 4) for index in range(60)]
IDS = {str(row["customer_id"]) for row in ROWS}
ODD = {str(ROWS[7]["customer_id"])}
POISONED = [row | {"churn_label": 1} for row in good_rows(600)]
#: Writes of a job that judges a file with a bad row: rows.parquet, the accepted rows, the reason; ledger,
#: last-accepted, note. A file without one has two less.
WRITES = 6


def at_most(contract: Contract, column: str, value: float) -> Contract:
    columns = [dataclasses.replace(c, maximum=value) if c.name == column else c for c in contract.columns]
    return dataclasses.replace(contract, columns=tuple(columns))


STRICTER = at_most(UNHELD, "support_tickets", 50)
STRICTEST = at_most(UNHELD, "user_tenure_months", 40)


class Killed(BaseException):
    """The job is gone, as by a signal: nothing in it catches this."""


@contextmanager
def before_write(lake: Lake, number: int, act: Callable[[], Any], dies: int | None = None) -> Generator[None]:
    """Before the write of this number (from 0) of the S3 client, `act` happens; its own writes do not count.

    Before that of number `dies` the job is killed, if it has so many: neither that write happens nor any after it.
    """
    count, acting = [0], [False]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def write(*arguments: Any, **named: Any) -> Any:
            if acting[0]:
                return real(*arguments, **named)
            count[0] += 1
            if dies is not None and count[0] > dies:
                raise Killed  # in a thread of `upload_file` that ends the thread alone; the next write is not in one
            if count[0] == number + 1:
                acting[0] = True
                act()
                acting[0] = False
            return real(*arguments, **named)

        return write

    with pytest.MonkeyPatch.context() as patch:
        for name in ("put_object", "delete_object"):  # `upload_file` puts, too
            patch.setattr(lake.s3, name, counted(getattr(lake.s3, name)))
        yield


def killed(lake: Lake, delivered: tuple[str, str], number: int, **options: Any) -> None:
    """The job, killed before a write of its own. One that has fewer writes ends."""
    with before_write(lake, WRITES, _nothing, dies=number):
        try:
            lake.validate(delivered, **options)
        except Killed:
            return


def _nothing() -> None:
    """What happens before a write that nobody makes."""


def left(lake: Lake, sha256: str) -> dict[str, set[str]]:
    """The customers in each file of rows that lies there of these bytes; those of what has no rows are none."""
    folder = f"{LAYOUT.quarantine}{sha256}/"
    return {
        key.removeprefix(folder).replace(f"{LAYOUT.accepted}{sha256}", "accepted"): _customers(lake, key)
        for key in [*lake.keys(f"{LAYOUT.accepted}{sha256}"), *lake.keys(folder)]
    }


def _customers(lake: Lake, key: str) -> set[str]:
    if not key.endswith(".parquet"):
        return set()
    path = lake.directory / "read.parquet"
    lake.s3.download_file("processed", key, str(path))
    rows = [str(row["customer_id"]) for row in read_rows(path)]
    assert len(rows) == len(set(rows))
    return set(rows)


def entry_of(lake: Lake, sha256: str) -> dict[str, Any]:
    return lake.json(f"{LAYOUT.ledger}{sha256}.json")


ALL_ACCEPTED = {"accepted.parquet": IDS}
ALL_BUT_ONE = {"accepted.parquet": IDS - ODD, "rows.parquet": ODD, "_reason.json": set[str]()}


def assert_as_entered(lake: Lake, sha256: str) -> None:
    """The rows lie as the ledger says, by the laxer rules or by the stricter ones, and the notes say so too."""
    entry = entry_of(lake, sha256)
    assert left(lake, sha256) == (ALL_BUT_ONE if entry["quarantined"] else ALL_ACCEPTED)
    assert (entry["status"], entry["accepted"]) == ("accepted", 59 if entry["quarantined"] else 60)


@pytest.mark.parametrize("number", range(WRITES))
@pytest.mark.parametrize(("before", "after"), [(UNHELD, STRICTER), (STRICTER, UNHELD), (STRICTER, STRICTER)])
def test_killed_and_judged_again_by_whatever_rules_nothing_is_left_of_the_first_try(
    lake: Lake, before: Contract, after: Contract, number: int
) -> None:
    delivered = lake.deliver(ROWS)
    killed(lake, delivered, number, contract=before)
    verdict = lake.validate(delivered, contract=after)
    assert left(lake, verdict.object_sha256) == (ALL_BUT_ONE if after is STRICTER else ALL_ACCEPTED)
    assert_as_entered(lake, verdict.object_sha256)


@pytest.mark.parametrize("number", range(WRITES))
def test_killed_and_then_refused_by_stricter_rules_no_row_stays_accepted(lake: Lake, number: int) -> None:
    delivered = lake.deliver(ROWS)
    killed(lake, delivered, number)
    verdict = lake.validate(delivered, contract=STRICTEST)
    assert verdict.status is Status.REFUSED
    assert set(left(lake, verdict.object_sha256)) == {"rows.parquet", "_file.bin", "_reason.json"}


@pytest.mark.parametrize("number", range(3))
def test_killed_and_then_held_for_what_was_accepted_meanwhile_no_row_stays_accepted(lake: Lake, number: int) -> None:
    poisoned = lake.deliver(POISONED, "poisoned.csv")
    killed(lake, poisoned, number, contract=CHURN)
    lake.validate(lake.deliver(good_rows(600), "day.csv"), contract=CHURN)
    verdict = lake.validate(poisoned, contract=CHURN)
    rows = left(lake, verdict.object_sha256)
    if number < 2:  # before the ledger has its entry
        assert verdict.status is Status.HELD
        assert set(rows) == {"_held.parquet", "_reason.json"}
    else:
        assert (verdict.duplicate_of, set(rows)) == (Status.ACCEPTED, {"accepted.parquet"})


@pytest.mark.parametrize("number", range(WRITES))
@pytest.mark.parametrize(("slow", "quick"), [(UNHELD, STRICTER), (STRICTER, UNHELD), (STRICTER, STRICTER)])
def test_the_same_bytes_at_once_under_two_contracts(lake: Lake, slow: Contract, quick: Contract, number: int) -> None:
    one, other = lake.deliver(ROWS, "one.csv"), lake.deliver(ROWS, "other.csv")
    with before_write(lake, number, lambda: lake.validate(other, contract=quick)):
        verdict = lake.validate(one, contract=slow)
    assert_as_entered(lake, verdict.object_sha256)
    note = lake.json(outcome.Places(Location(bucket="processed", key=""), LAYOUT).delivery(_raw("one.csv"), one[1]).key)
    entry = entry_of(lake, verdict.object_sha256)
    if number < (2 if slow is UNHELD else 4) and slow is not quick:  # before its ledger entry
        assert note["accepted"] == entry["accepted"] == (60 if slow is UNHELD else 59)


def _raw(name: str) -> Location:
    return Location(bucket="raw", key=f"{LAYOUT.incoming}{name}")


@pytest.mark.parametrize("dies", range(1, WRITES))
@pytest.mark.parametrize("slow", [UNHELD, STRICTER])
def test_written_over_by_a_job_that_dies_before_it_knows_that_it_was_too_late(
    lake: Lake, slow: Contract, dies: int
) -> None:
    """It began before the other, which has entered its verdict by then; the next try puts right what it left."""
    one, other = lake.deliver(ROWS, "one.csv"), lake.deliver(ROWS, "other.csv")
    with before_write(lake, 0, lambda: lake.validate(other, contract=STRICTER), dies=dies), pytest.raises(Killed):
        lake.validate(one, contract=slow)
    for delivered, contract in ((other, STRICTER), (one, slow), (one, slow)):
        verdict = lake.validate(delivered, contract=contract)
        assert left(lake, verdict.object_sha256) == (ALL_BUT_ONE if contract is STRICTER else ALL_ACCEPTED)
        assert_as_entered(lake, verdict.object_sha256)


@pytest.mark.parametrize("number", range(2))
def test_of_two_at_once_the_verdict_that_holds_the_file_is_that_of_both(lake: Lake, number: int) -> None:
    """The slow one began when nothing was accepted yet, and would have accepted it."""
    one, other = lake.deliver(POISONED, "one.csv"), lake.deliver(POISONED, "other.csv")

    def meanwhile() -> None:
        lake.validate(lake.deliver(good_rows(600)), contract=CHURN)
        assert lake.validate(other, contract=CHURN).status is Status.HELD

    with before_write(lake, number, meanwhile):
        verdict = lake.validate(one, contract=CHURN)
    assert (verdict.status, verdict.duplicate_of) == (Status.DUPLICATE, Status.HELD)
    assert set(left(lake, verdict.object_sha256)) == {"_held.parquet", "_reason.json"}
    entry = entry_of(lake, verdict.object_sha256)
    assert (entry["status"], entry["findings"][0]["code"]) == ("held", "label_rate_jump")
    assert lake.json(f"{LAYOUT.ledger}last-accepted.json")["object_sha256"] != verdict.object_sha256


def test_a_file_that_was_accepted_is_what_the_next_is_compared_with_though_its_job_was_killed_before_it_said_so(
    lake: Lake,
) -> None:
    day = lake.deliver(good_rows(600))
    killed(lake, day, 2, contract=CHURN)
    assert LAYOUT.ledger + "last-accepted.json" not in lake.keys(LAYOUT.ledger)
    assert lake.validate(day, contract=CHURN).duplicate_of is Status.ACCEPTED
    assert lake.validate(lake.deliver(POISONED, "next.csv"), contract=CHURN).status is Status.HELD


def test_an_older_file_that_comes_again_is_not_what_the_next_is_compared_with(lake: Lake) -> None:
    first, second = lake.deliver(good_rows(600), "1.csv"), lake.deliver(good_rows(500), "2.csv")
    lake.validate(first, contract=CHURN)
    sha256 = lake.validate(second, contract=CHURN, now=NOW + timedelta(hours=1)).object_sha256
    assert lake.validate(first, contract=CHURN, now=NOW + timedelta(hours=2)).status is Status.DUPLICATE
    assert lake.json(f"{LAYOUT.ledger}last-accepted.json")["object_sha256"] == sha256


def test_an_approval_that_comes_while_the_file_is_judged_by_other_rules_is_no_approval_of_that(lake: Lake) -> None:
    lake.validate(lake.deliver(good_rows(600)), contract=CHURN)
    poisoned, again = lake.deliver(POISONED, "day 2.csv"), lake.deliver(POISONED, "again.csv")
    lake.validate(poisoned, contract=CHURN)
    others = at_most(CHURN, "support_tickets", 50)
    approval = Approval(who="ana", why="campaign month")
    with before_write(lake, 0, lambda: lake.validate(again, contract=others)), pytest.raises(ApprovalError) as caught:
        lake.validate(poisoned, contract=CHURN, approval=approval)
    assert str(caught.value) == (
        "object s3://raw/incoming/churn/day 2.csv was judged again meanwhile and is held, so there is nothing to "
        "approve; only a held object can be"
    )
    assert set(left(lake, next(k for k in lake.keys(LAYOUT.quarantine))[len(LAYOUT.quarantine) :][:64])) == {
        "_held.parquet",
        "_reason.json",
    }


def test_a_job_that_is_always_too_late_says_so_and_can_be_started_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered = lake.deliver(ROWS)
    enter = outcome.enter
    monkeypatch.setattr(outcome, "enter", lambda *_: False)
    with pytest.raises(PlatformError) as caught:
        lake.validate(delivered)
    assert str(caught.value) == (
        f"object s3://raw/incoming/churn/day.csv: {delivery._ROUNDS} other jobs have judged the same bytes since this "
        "one began; start it again"
    )
    monkeypatch.setattr(outcome, "enter", enter)
    assert_as_entered(lake, lake.validate(delivered).object_sha256)


def test_rows_are_late_by_the_day_of_delivery_and_not_by_that_of_judging(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = lake.s3.head_object
    monkeypatch.setattr(lake.s3, "head_object", lambda **of: {**head(**of), "LastModified": NOW})
    delivered = lake.deliver(ROWS)
    days = UNHELD.ingestion.max_lateness_days + 50
    late = lake.deliver([row | {"event_time": "2025-09-01T00:00:00Z"} for row in ROWS], "late.csv")

    assert lake.validate(delivered).accepted == 60
    assert lake.validate(delivered, contract=STRICTER, now=NOW + timedelta(days=days)).accepted == 59
    refused = lake.validate(late, now=NOW + timedelta(days=days))
    assert (refused.status, refused.reasons) == (Status.REFUSED, {"late_event": 60})
    assert "447 would keep all of them" in refused.findings[0].text  # days from the oldest to the delivery
