"""Delivered files that call columns and values otherwise, that have no event time, or an old one."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.schema import Column, ColumnType, Contract, EventTime
from tests.workloads.validation.delivered import CHURN, HEADER, NOW, Judged, good_row, good_rows, judge, write_csv
from workloads.validation import FileFault, Status
from workloads.validation.delivery import _rules_sha256

SOURCES = {"customer_id": "Kunden-Nr.", "support_tickets": "Anfragen (90 Tage)", "churn_label": "class"}
YES_NO = (("Yes", 1), ("No", 0))


def change(name: str, **changes: Any) -> Contract:
    columns = (dataclasses.replace(c, **changes) if c.name == name else c for c in CHURN.columns)
    return dataclasses.replace(CHURN, columns=tuple(columns))


def sourced() -> Contract:
    columns = (dataclasses.replace(c, source=SOURCES.get(c.name)) for c in CHURN.columns)
    return dataclasses.replace(CHURN, columns=tuple(columns))


def renamed(path: Path, names: dict[str, str]) -> Path:
    header, rest = path.read_text().split("\n", 1)
    path.write_text(",".join(names.get(name, name) for name in header.split(",")) + "\n" + rest)
    return path


def test_a_file_has_its_own_names(tmp_path: Path) -> None:
    path = renamed(write_csv(tmp_path / "day.csv", good_rows()), SOURCES)
    judged = Judged(path, contract=sourced())
    assert (judged.accepted, judged.verdict.warnings) == (good_rows(), ())


def test_a_parquet_file_has_its_own_names(tmp_path: Path) -> None:
    rows = [{SOURCES.get(name, name): value for name, value in row.items()} for row in good_rows()]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "day.parquet")
    assert Judged(tmp_path / "day.parquet", contract=sourced()).accepted == good_rows()


def test_the_contracts_names_stay_legal_and_may_be_mixed_with_the_sources(tmp_path: Path) -> None:
    path = renamed(write_csv(tmp_path / "day.csv", good_rows()), {"churn_label": "class"})
    assert Judged(path, contract=sourced()).accepted == good_rows()


def test_a_column_under_both_names_is_refused(tmp_path: Path) -> None:
    path = renamed(write_csv(tmp_path / "day.csv", good_rows()), {"support_tickets": "class"})
    verdict = Judged(path, contract=sourced()).verdict
    assert [(finding.code, finding.text) for finding in verdict.findings] == [
        (
            FileFault.MISSING_COLUMN,
            "column 'Anfragen (90 Tage)' or 'support_tickets' is missing; the file has 'customer_id', 'event_time', "
            "'user_tenure_months', 'transaction_volume', 'class', 'churn_label'; deliver it with every column of the "
            "contract",
        ),
        (
            FileFault.DUPLICATE_COLUMN,
            "column 'class', 'churn_label' occurs more than once in the header; give each column one name",
        ),
    ]


def test_an_absent_event_time_names_both_ways_out(tmp_path: Path) -> None:
    header = tuple(name for name in HEADER if name != "event_time")
    (finding,) = Judged(write_csv(tmp_path / "day.csv", good_rows(), header)).verdict.findings
    assert finding.text.endswith(
        "if the file calls it otherwise, give that name as columns.event_time.source; "
        "if the data has none, write event_time: {from: delivery}"
    )


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ({1: "Yes", 0: "No"}, YES_NO),
        ({1: " Yes ", 0: "No"}, YES_NO),
        ({1: "T", 0: "F"}, (("T", 1), ("F", 0))),
        ({1: "2", 0: "1"}, (("1", 0), ("2", 1))),
        ({1: "2.0", 0: "1.0"}, (("1", 0), ("2", 1))),
        ({1: ">50K", 0: "-"}, (("-", 0), (">50K", 1))),  # a mark of missing values, were it not listed
        ({1: "1", 0: "No"}, YES_NO),  # what a text means may be delivered too
    ],
)
def test_labels_of_other_texts(tmp_path: Path, written: dict[int, str], values: tuple[tuple[str, int], ...]) -> None:
    rows = [row | {"churn_label": written[row["churn_label"]]} for row in good_rows()]
    judged = judge(tmp_path, rows, contract=change("churn_label", values=values))
    assert (judged.accepted, judged.verdict.warnings) == (good_rows(), ())


def test_a_text_that_is_not_listed_is_quarantined_and_told_what_is(tmp_path: Path) -> None:
    rows = [row | {"churn_label": {1: "Yes", 0: "No"}[row["churn_label"]]} for row in good_rows()]
    rows[4]["churn_label"], rows[5]["churn_label"] = "yes", "2"
    judged = judge(tmp_path, rows, contract=change("churn_label", values=YES_NO))
    assert [row["quarantine_reason"] for row in judged.quarantined] == [
        "churn_label is yes; it must be a whole number, or one of Yes, No (the contract's values)",
        "churn_label is 2; allowed are 0, 1",
    ]


def test_where_a_text_is_another_texts_value_only_those_listed_are_read(tmp_path: Path) -> None:
    """A file with labels 0 and 1 under a contract for 1 and 2 would else be all 0."""
    judged = judge(tmp_path, good_rows(), contract=change("churn_label", values=(("1", 0), ("2", 1))))
    assert judged.verdict.status is Status.REFUSED
    assert judged.quarantined[1]["quarantine_reason"] == (
        "churn_label is 0; it must be one of 1, 2 (the contract's values)"
    )


def test_labels_without_a_map_are_told_of_it(tmp_path: Path) -> None:
    rows = [row | {"churn_label": "Yes" if row["churn_label"] else "No"} for row in good_rows()]
    assert judge(tmp_path, rows).verdict.findings[0].text == (
        "column churn_label: none of 60 values is a whole number (the first is 'Yes'); "
        "deliver it as such, or say what its texts mean: columns.churn_label.values"
    )


@pytest.mark.parametrize(
    ("column", "values", "delivered", "read"),
    [
        (
            Column(name="x", type=ColumnType.STRING, nullable=True),
            (("m", "male"),),
            ["m", "M", "?"],
            ["male", "M", None],
        ),
        (Column(name="x", type=ColumnType.NUMBER), (("unlimited", 1e6),), ["unlimited", "3"], [1e6, 3.0]),
        (
            Column(name="x", type=ColumnType.BOOLEAN),
            (("ja", True), ("nein", False)),
            ["ja", "nein", "1"],
            [True, False, True],
        ),
        (Column(name="x", type=ColumnType.INTEGER), (("none", 0),), ["none", "7"], [0, 7]),
    ],
)
def test_inputs_of_other_texts(
    tmp_path: Path, column: Column, values: tuple[tuple[str, Any], ...], delivered: list[str], read: list[Any]
) -> None:
    contract = dataclasses.replace(CHURN, columns=(*CHURN.columns, dataclasses.replace(column, values=values)))
    rows = [row | {"x": value} for row, value in zip(good_rows(), delivered, strict=False)]
    path = write_csv(tmp_path / "day.csv", rows, (*HEADER, "x"))
    assert [row["x"] for row in Judged(path, contract=contract).accepted] == read


@pytest.mark.parametrize("kind", [pa.int8(), pa.float32(), pa.string(), pa.dictionary(pa.int8(), pa.string())])
def test_labels_of_other_numbers_in_parquet(tmp_path: Path, kind: pa.DataType) -> None:
    table = pa.Table.from_pylist(good_rows())
    labels = pa.array([2 if row["churn_label"] else 1 for row in good_rows()])
    labels = labels.cast(pa.string()).dictionary_encode() if pa.types.is_dictionary(kind) else labels.cast(kind)
    index = table.schema.get_field_index("churn_label")
    pq.write_table(table.set_column(index, "churn_label", labels), tmp_path / "day.parquet")
    judged = Judged(tmp_path / "day.parquet", contract=change("churn_label", values=(("1", 0), ("2", 1))))
    assert judged.accepted == good_rows()


def test_a_boolean_column_may_mean_anything(tmp_path: Path) -> None:
    table = pa.Table.from_pylist([row | {"churn_label": bool(row["churn_label"])} for row in good_rows()])
    pq.write_table(table, tmp_path / "day.parquet")
    judged = Judged(tmp_path / "day.parquet", contract=change("churn_label", values=(("true", 0), ("false", 1))))
    assert judged.accepted == [row | {"churn_label": 1 - row["churn_label"]} for row in good_rows()]


FROM_DELIVERY = dataclasses.replace(CHURN, event_time_from=EventTime.DELIVERY)
DELIVERED = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)


def test_the_event_time_may_be_that_of_the_delivery(tmp_path: Path) -> None:
    header = tuple(name for name in HEADER if name != "event_time")
    path = write_csv(tmp_path / "day.csv", good_rows(), header)
    judged = Judged(path, contract=FROM_DELIVERY, delivered=DELIVERED)
    moment = "2026-11-21T07:30:00Z"
    assert judged.accepted == [row | {"event_time": moment, "delivered_": moment} for row in good_rows()]
    undated = Judged(path, contract=FROM_DELIVERY)
    assert {row["event_time"] for row in undated.accepted} == {f"{NOW:%Y-%m-%dT%H:%M:%SZ}"}


def test_an_entity_stands_once_in_a_delivery_without_event_time(tmp_path: Path) -> None:
    header = tuple(name for name in HEADER if name != "event_time")
    rows = [*good_rows(), good_row(3), good_row(4, support_tickets=9)]
    judged = Judged(write_csv(tmp_path / "day.csv", rows, header), contract=FROM_DELIVERY)
    assert judged.verdict.reasons == {"conflicting_rows": 2, "duplicate_row": 1}
    assert {row["quarantine_reason"] for row in judged.quarantined} == {
        "customer_id is that of 2 rows that differ (the first is row 5); deliver one",
        "the same row as row 4; the first is kept",
    }


def test_a_column_of_that_name_is_not_read_when_the_event_time_is_the_deliverys(tmp_path: Path) -> None:
    judged = judge(tmp_path, good_rows(), contract=FROM_DELIVERY, delivered=DELIVERED)
    assert {row["event_time"] for row in judged.accepted} == {"2026-11-21T07:30:00Z"}
    assert judged.verdict.warnings == (
        "columns 'event_time' are not in the contract and were left out; add them to the contract to keep them",
    )


def test_where_values_and_event_time_come_from_is_a_rule_that_data_is_judged_by_again() -> None:
    contracts = (
        CHURN,
        FROM_DELIVERY,
        sourced(),
        change("churn_label", values=YES_NO),
        change("churn_label", missing=()),
        dataclasses.replace(CHURN, encoding="cp1252"),
    )
    assert len({_rules_sha256(contract) for contract in contracts}) == len(contracts)


def test_rows_that_come_too_late_are_told_with_the_key_that_keeps_them(tmp_path: Path) -> None:
    rows = good_rows()
    rows[3]["event_time"], rows[9]["event_time"] = "2024-05-31T23:00:00Z", "2025-10-01"
    judged = judge(tmp_path, rows)
    assert (judged.verdict.accepted, judged.verdict.reasons) == (58, {"late_event": 2})
    assert judged.verdict.warnings == (
        "2 rows are older than the 400 days of ingestion.max_lateness_days, the oldest of 2024-05-31; "
        "904 would keep all of them",
    )
    ingestion = dataclasses.replace(CHURN.ingestion, max_lateness_days=904)
    again = judge(tmp_path, rows, contract=dataclasses.replace(CHURN, ingestion=ingestion))
    assert (again.verdict.accepted, again.verdict.warnings) == (60, ())


def test_a_file_of_old_history_is_refused_with_the_key_to_change(tmp_path: Path) -> None:
    rows = [good_row(index, event_time=f"2019-03-{1 + index % 28:02d}") for index in range(60)]
    (finding,) = judge(tmp_path, rows).verdict.findings
    assert finding.text == (
        "60 of 60 rows are bad (100.00%; ingestion.max_bad_row_share allows 5.00%): late_event 60; the first is row 1: "
        "event_time is 2019-03-01; events before 2025-10-17T12:00:00Z come too late (ingestion.max_lateness_days 400); "
        "60 rows are older than the 400 days of ingestion.max_lateness_days, the oldest of 2019-03-01; 2823 would keep "
        "all of them; repair the source and deliver the file again"
    )


def test_a_moment_without_end_is_no_timestamp(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(good_rows())
    moments = [int(datetime.fromisoformat(row["event_time"]).timestamp() * 1e6) for row in good_rows()]
    moments[0], moments[1] = -(2**63) + 1, 2**63 - 1  # how duckdb writes the infinities
    column = pa.array(moments).cast(pa.timestamp("us", "UTC"))
    pq.write_table(table.set_column(1, "event_time", column), tmp_path / "day.parquet")
    judged = Judged(tmp_path / "day.parquet")
    assert (judged.verdict.accepted, judged.verdict.reasons) == (58, {"bad_timestamp": 2})
