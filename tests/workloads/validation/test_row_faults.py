"""Rows: each fault has its code and its text, and every other row is kept as it came."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.schema import MISSING_MARKS
from tests.workloads.validation.delivered import CHURN, EARLIEST, LATEST, Judged, good_row, good_rows, judge, write_csv
from workloads.validation import Status

LENIENT = dataclasses.replace(CHURN, ingestion=dataclasses.replace(CHURN.ingestion, max_bad_row_share=1.0))

FAULTS: list[tuple[str, Any, str, str]] = [
    ("churn_label", None, "null", "churn_label is empty; the contract requires a value"),
    ("customer_id", None, "null", "customer_id is empty; the contract requires a value"),
    ("event_time", "", "null", "event_time is empty; the contract requires a value"),
    ("support_tickets", "two", "wrong_type", "support_tickets is two; it must be a whole number"),
    ("support_tickets", "1.5", "wrong_type", "support_tickets is 1.5; it must be a whole number"),
    ("support_tickets", ".5", "wrong_type", "support_tickets is .5; it must be a whole number"),
    ("support_tickets", "1_0", "wrong_type", "support_tickets is 1_0; it must be a whole number"),
    ("support_tickets", "0x1F", "wrong_type", "support_tickets is 0x1F; it must be a whole number"),
    (
        "support_tickets",
        "99999999999999999999",
        "wrong_type",
        "support_tickets is 99999999999999999999; it must be a whole number",
    ),
    ("transaction_volume", "12 EUR", "wrong_type", "transaction_volume is 12 EUR; it must be a number"),
    ("transaction_volume", "1_000", "wrong_type", "transaction_volume is 1_000; it must be a number"),
    ("transaction_volume", "x" * 90, "wrong_type", f"transaction_volume is {'x' * 60}; it must be a number"),
    (
        "churn_label",
        " n/a ",
        "null",
        "churn_label is n/a, which stands for no value (columns.churn_label.missing); the contract requires a value",
    ),
    (
        "customer_id",
        "None",
        "null",
        "customer_id is None, which stands for no value (columns.customer_id.missing); the contract requires a value",
    ),
    (
        "event_time",
        "NaT",
        "null",
        "event_time is NaT, which stands for no value (columns.event_time.missing); the contract requires a value",
    ),
    ("support_tickets", "none.", "wrong_type", "support_tickets is none.; it must be a whole number"),
    ("transaction_volume", "-inf", "not_finite", "transaction_volume is -inf; only finite numbers are allowed"),
    ("transaction_volume", "1e999", "not_finite", "transaction_volume is 1e999; only finite numbers are allowed"),
    ("user_tenure_months", "inf", "not_finite", "user_tenure_months is inf; only finite numbers are allowed"),
    ("user_tenure_months", -1, "below_minimum", "user_tenure_months is -1; the minimum is 0"),
    ("transaction_volume", "-0.01", "below_minimum", "transaction_volume is -0.01; the minimum is 0"),
    ("user_tenure_months", 601, "above_maximum", "user_tenure_months is 601; the maximum is 600"),
    ("transaction_volume", "1000000.01", "above_maximum", "transaction_volume is 1000000.01; the maximum is 1e+06"),
    ("churn_label", 2, "not_allowed", "churn_label is 2; allowed are 0, 1"),
    (
        "event_time",
        "yesterday",
        "bad_timestamp",
        "event_time is yesterday; it must be an ISO 8601 timestamp such as 2026-01-31T12:00:00Z (no offset means UTC)"
        ", or columns.event_time.format or .epoch has to say its form",
    ),
    (
        "event_time",
        "2026-02-30",
        "bad_timestamp",
        "event_time is 2026-02-30; it must be an ISO 8601 timestamp such as 2026-01-31T12:00:00Z (no offset means UTC)"
        ", or columns.event_time.format or .epoch has to say its form",
    ),
    (
        "event_time",
        "1763712000",
        "bad_timestamp",
        "event_time is 1763712000; it must be an ISO 8601 timestamp such as 2026-01-31T12:00:00Z (no offset means UTC)"
        ", or columns.event_time.format or .epoch has to say its form",
    ),
    (
        "event_time",
        "2026-11-21T12:05:01Z",
        "future_event",
        f"event_time is 2026-11-21T12:05:01Z; events after {LATEST} are in the future (ingestion.max_future_minutes 5)",
    ),
    (
        "event_time",
        "2025-10-17T11:59:59Z",
        "late_event",
        f"event_time is 2025-10-17T11:59:59Z; events before {EARLIEST} come too late (ingestion.max_lateness_days 400)",
    ),
]


@pytest.mark.parametrize(("column", "value", "code", "text"), FAULTS, ids=[f"{f[0]}={f[1]}"[:40] for f in FAULTS])
def test_a_bad_row_is_quarantined_with_its_reason_and_no_other_row_is_lost(
    tmp_path: Path, column: str, value: Any, code: str, text: str
) -> None:
    rows = good_rows()
    rows[17][column] = value
    judged = judge(tmp_path, rows)

    assert judged.verdict.status is Status.ACCEPTED
    assert (judged.verdict.rows_in, judged.verdict.accepted, judged.verdict.quarantined) == (60, 59, 1)
    assert judged.verdict.reasons == {code: 1}
    delivered = {name: None if item in (None, "") else str(item).strip() for name, item in rows[17].items()}
    assert judged.quarantined == [
        {"quarantine_row": 18, "quarantine_codes": [code], "quarantine_reason": text, **delivered}
    ]
    assert judged.accepted == rows[:17] + rows[18:]


ACCEPTABLE: list[tuple[str, Any, Any]] = [
    *(("support_tickets", mark, None) for mark in (*MISSING_MARKS, "na", " Null ", "\u00a0?\t")),
    *(("transaction_volume", mark, None) for mark in ("NaN", "nan", "-", "#n/a")),
    ("user_tenure_months", None, None),
    ("user_tenure_months", " 7 ", 7),
    ("user_tenure_months", "7.0", 7),
    ("user_tenure_months", "+7", 7),
    ("user_tenure_months", 600, 600),
    ("transaction_volume", "", None),
    ("transaction_volume", "1e3", 1000.0),
    ("transaction_volume", ".5", 0.5),
    ("transaction_volume", 1000000, 1000000.0),
    ("event_time", LATEST, LATEST),
    ("event_time", EARLIEST, EARLIEST),
    ("event_time", "2026-11-20", "2026-11-20T00:00:00Z"),
    ("event_time", "2026-11-20 10:30", "2026-11-20T10:30:00Z"),
    ("event_time", "2026-11-20T10:30:00.123456", "2026-11-20T10:30:00Z"),
    ("event_time", "2026-11-20T10:30:00+02:00", "2026-11-20T08:30:00Z"),
    ("event_time", "2026-11-20T10:30:00-0130", "2026-11-20T12:00:00Z"),
]


@pytest.mark.parametrize(("column", "value", "read"), ACCEPTABLE)
def test_a_value_at_the_edge_of_what_is_legal_is_accepted(tmp_path: Path, column: str, value: Any, read: Any) -> None:
    rows = good_rows(3)
    rows[1][column] = value
    judged = judge(tmp_path, rows)
    assert judged.quarantined == []
    assert judged.accepted[1] == rows[1] | {column: read}


def test_marks_of_missing_values_are_told_by_column_and_mark(tmp_path: Path) -> None:
    rows = good_rows()
    for index, mark in ((3, "NA"), (4, "NA"), (5, "-"), (6, None)):
        rows[index]["support_tickets"] = mark
    rows[7]["transaction_volume"] = "?"
    judged = judge(tmp_path, rows)
    assert judged.verdict.accepted == 60
    advice = "if one is a value, list it in the column's `allowed`, or the others in its `missing`"
    assert judged.verdict.warnings == (
        f"column transaction_volume: '?' (1) stand for no value; {advice}",
        f"column support_tickets: 'NA' (2), '-' (1) stand for no value; {advice}",
    )


def test_a_contract_has_marks_of_its_own(tmp_path: Path) -> None:
    columns = tuple(dataclasses.replace(column, missing=("-999", "k.A.")) for column in CHURN.columns)
    contract = dataclasses.replace(CHURN, columns=columns)
    rows = good_rows()
    for index, value in enumerate(("K.A.", -999, "-999.0", "NA")):
        rows[index]["support_tickets"] = value
    rows[5]["user_tenure_months"] = "-999"
    judged = judge(tmp_path, rows, contract=contract)
    assert judged.verdict.reasons == {"wrong_type": 1}
    assert [row["support_tickets"] for row in judged.accepted[:3]] == [None, None, None]
    assert judged.accepted[4]["user_tenure_months"] is None
    assert judged.quarantined[0]["quarantine_reason"] == "support_tickets is NA; it must be a whole number"


def test_a_column_of_nothing_but_marks_is_no_column_of_a_wrong_type(tmp_path: Path) -> None:
    judged = judge(tmp_path, [good_row(index, support_tickets="NA") for index in range(60)])
    assert (judged.verdict.status, judged.verdict.accepted) == (Status.ACCEPTED, 60)
    judged = judge(tmp_path, [good_row(index, churn_label="NA") for index in range(60)])
    assert [finding.code for finding in judged.verdict.findings] == ["too_many_bad_rows"]


def test_a_row_with_several_faults_names_them_all(tmp_path: Path) -> None:
    rows = good_rows()
    rows[5] |= {"user_tenure_months": -4, "churn_label": "maybe", "event_time": None}
    judged = judge(tmp_path, rows)
    assert judged.verdict.reasons == {"below_minimum": 1, "null": 1, "wrong_type": 1}
    assert judged.verdict.quarantined == 1
    assert judged.quarantined[0]["quarantine_codes"] == ["null", "below_minimum", "wrong_type"]
    assert judged.quarantined[0]["quarantine_reason"] == (
        "event_time is empty; the contract requires a value; user_tenure_months is -4; the minimum is 0; "
        "churn_label is maybe; it must be a whole number"
    )


def test_the_verdict_counts_faults_by_column_and_shows_the_first_of_each(tmp_path: Path) -> None:
    rows = [*good_rows(), good_row(3)]
    for index, tenure in ((30, -1), (5, -4), (20, "x"), (40, -2)):
        rows[index]["user_tenure_months"] = tenure
    rows[20]["support_tickets"] = -1
    found = judge(tmp_path, rows).verdict.faults
    assert [(f.column, f.code, f.rows, f.first_row, f.example) for f in found] == [
        ("user_tenure_months", "below_minimum", 3, 6, "user_tenure_months is -4; the minimum is 0"),
        ("support_tickets", "below_minimum", 1, 21, "support_tickets is -1; the minimum is 0"),
        ("user_tenure_months", "wrong_type", 1, 21, "user_tenure_months is x; it must be a whole number"),
        (None, "duplicate_row", 1, 61, "the same row as row 4; the first is kept"),
    ]


def test_of_equal_rows_the_first_is_kept(tmp_path: Path) -> None:
    rows = [*good_rows(), good_row(3), good_row(3)]
    judged = judge(tmp_path, rows)
    assert judged.verdict.reasons == {"duplicate_row": 2}
    assert judged.accepted == rows[:60]
    assert [(row["quarantine_row"], row["quarantine_reason"]) for row in judged.quarantined] == [
        (61, "the same row as row 4; the first is kept"),
        (62, "the same row as row 4; the first is kept"),
    ]


def test_of_rows_that_contradict_each_other_none_is_kept(tmp_path: Path) -> None:
    rows = [*good_rows(), good_row(3, churn_label=1 - good_row(3)["churn_label"]), good_row(3)]
    judged = judge(tmp_path, rows)
    assert judged.verdict.reasons == {"conflicting_rows": 3}
    assert [row["quarantine_row"] for row in judged.quarantined] == [4, 61, 62]
    assert {row["quarantine_reason"] for row in judged.quarantined} == {
        "customer_id and event_time are those of 3 rows that differ (the first is row 4); deliver one"
    }
    assert judged.accepted == rows[:3] + rows[4:60]


def test_a_bad_row_does_not_take_a_good_row_of_the_same_key_with_it(tmp_path: Path) -> None:
    rows = [*good_rows(), good_row(3, support_tickets=-1)]
    judged = judge(tmp_path, rows)
    assert judged.verdict.reasons == {"below_minimum": 1}
    assert judged.accepted == rows[:60]


def test_the_same_instant_in_two_notations_is_one_event(tmp_path: Path) -> None:
    rows = [*good_rows(), good_row(3, event_time="2026-11-04T09:00:00+01:00")]
    assert judge(tmp_path, rows).verdict.reasons == {"duplicate_row": 1}


def test_judging_again_gives_the_same_bytes(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "delivered.csv", [*good_rows(), good_row(1, churn_label=7)])
    contents: list[tuple[bytes, bytes]] = []
    for _ in range(2):
        Judged(path)
        output = tmp_path / "output"
        contents.append(((output / "accepted.parquet").read_bytes(), (output / "quarantine.parquet").read_bytes()))
    assert contents[0] == contents[1]
    assert sorted(item.name for item in (tmp_path / "output").iterdir()) == ["accepted.parquet", "quarantine.parquet"]


# An oracle in plain Python, for values of which it is plain what they are.
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "customer_id": st.sampled_from(["A", "B", "C", "D", None]),
    "event_time": st.sampled_from(
        ["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-03", "2027-01-01T00:00:00Z", "soon", None]
    ),
    "user_tenure_months": st.one_of(st.none(), st.integers(-2, 602)),
    "transaction_volume": st.one_of(st.none(), st.floats(-1.0, 1_000_001.0), st.sampled_from(["inf", "much"])),
    "support_tickets": st.one_of(st.none(), st.integers(-1, 3), st.just("few")),
    "churn_label": st.sampled_from([0, 1, 2, None]),
}


def is_good(row: dict[str, Any]) -> bool:
    def in_range(value: Any, low: float, high: float) -> bool:
        return value is None or (isinstance(value, int | float) and math.isfinite(value) and low <= value <= high)

    return (
        row["customer_id"] is not None
        and row["event_time"] in ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-03")
        and in_range(row["user_tenure_months"], 0, 600)
        and in_range(row["transaction_volume"], 0, 1_000_000)
        and in_range(row["support_tickets"], 0, 1000)
        and row["churn_label"] in (0, 1)
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=30))
def test_whatever_comes_the_good_rows_are_accepted_and_all_others_explained(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    judged = judge(tmp_path, rows, contract=LENIENT)

    def key(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["customer_id"], row["event_time"][:10]

    good = [row for row in rows if is_good(row)]
    same_key = {key(row): [other for other in good if key(other) == key(row)] for row in good}
    kept = [
        g[0] for g in same_key.values() if all(row["event_time"] == g[0]["event_time"] and row == g[0] for row in g)
    ]
    if judged.verdict.status is Status.REFUSED:  # a whole column unreadable: everything is quarantined
        assert {finding.code for finding in judged.verdict.findings} == {"wrong_type"}
        assert judged.accepted == []
        return
    assert [row["customer_id"] for row in judged.accepted] == [row["customer_id"] for row in kept]
    assert judged.verdict.rows_in == len(rows) == len(judged.accepted) + len(judged.quarantined)
    assert all(row["quarantine_reason"] and row["quarantine_codes"] for row in judged.quarantined)


def test_now_must_be_given_and_moves_the_bounds(tmp_path: Path) -> None:
    judged = judge(tmp_path, good_rows(), now=datetime(2026, 11, 5, 8, tzinfo=UTC), contract=LENIENT)
    assert judged.verdict.reasons == {"future_event": 45}  # of each 20 days, 15 are after the 5th
