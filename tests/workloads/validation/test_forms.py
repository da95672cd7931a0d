"""Rows of files whose numbers and times have a form of their own: reasons show what was delivered and name the key."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from contracts.schema import Contract
from tests.workloads.validation.delivered import CHURN, HEADER, Judged, Row, good_row, good_rows, write_csv
from workloads.validation.delivery import _rules_sha256


def formed(**columns: dict[str, Any]) -> Contract:
    found = tuple(dataclasses.replace(column, **columns.get(column.name, {})) for column in CHURN.columns)
    return dataclasses.replace(CHURN, columns=found)


GERMAN = formed(
    transaction_volume={"decimal": ",", "thousands": "."},
    event_time={"format": "%d.%m.%Y", "timezone": "Europe/Berlin"},
)
EPOCH = formed(event_time={"epoch": "milliseconds"})


def german(row: Row) -> Row:
    year, month, day = row["event_time"][:10].split("-")
    amount = f"{row['transaction_volume']:.1f}".replace(".", ",")
    return row | {"event_time": f"{day}.{month}.{year}", "transaction_volume": amount}


@pytest.mark.parametrize(
    ("contract", "column", "value", "reason"),
    [
        (GERMAN, "transaction_volume", "1.23", "it must be a number in the form 1.234,5"),
        (GERMAN, "transaction_volume", "1000.000,5", "it must be a number in the form 1.234,5"),
        (GERMAN, "transaction_volume", "1.000.000,5", "the maximum is 1e+06"),
        (GERMAN, "event_time", "2026-11-05", "it must be a timestamp in the form %d.%m.%Y (columns.event_time.format)"),
        (CHURN, "transaction_volume", '"1,5"', "it must be a number (columns.transaction_volume.decimal and .thousands "
         "say how numbers with a comma are written)"),
        (CHURN, "support_tickets", '"1,000"', "it must be a whole number (columns.support_tickets.decimal and "
         ".thousands say how numbers with a comma are written)"),
        (EPOCH, "event_time", "soon", "it must be a timestamp in milliseconds since 1970 (columns.event_time.epoch)"),
    ],
)  # fmt: skip
def test_a_value_in_no_form(tmp_path: Path, contract: Contract, column: str, value: str, reason: str) -> None:
    rows = [german(row) if contract is GERMAN else dict(row) for row in good_rows()]
    if contract is EPOCH:
        rows = [row | {"event_time": str(1_793_520_000_000 + number)} for number, row in enumerate(rows)]
    rows[3][column] = value
    judged = Judged(
        write_csv(tmp_path / "day.csv", rows, delimiter=";" if contract is GERMAN else ","), contract=contract
    )
    (bad,) = judged.quarantined
    assert bad["quarantine_reason"] == f"{column} is {value.strip(chr(34))}; {reason}"
    assert bad[column] == value.strip('"')
    assert judged.verdict.accepted == 59


def test_what_is_accepted_has_the_usual_form(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "day.csv", list(map(german, good_rows())), delimiter=";")
    midnight = [row | {"event_time": "2026-10-31T23:00:00Z"} for row in good_rows(1)]
    assert Judged(path, contract=GERMAN).accepted[:1] == midnight


def test_a_number_that_stands_for_no_value_does_so_in_the_form_of_the_file(tmp_path: Path) -> None:
    contract = formed(transaction_volume={"decimal": ",", "missing": ("-999",)})
    rows = [row | {"transaction_volume": str(row["transaction_volume"]).replace(".", ",")} for row in good_rows()]
    rows[3]["transaction_volume"] = "-999,0"
    judged = Judged(write_csv(tmp_path / "day.csv", rows, HEADER, delimiter=";"), contract=contract)
    assert judged.accepted == [*good_rows()[:3], good_row(3, transaction_volume=None), *good_rows()[4:]]
    assert judged.verdict.warnings == (
        "column transaction_volume: '-999,0' (1) stand for no value; if one is a value, list it in the column's "
        "`allowed`, or the others in its `missing`",
    )


def test_the_form_of_texts_is_a_rule_that_data_is_judged_by_again() -> None:
    contracts = (CHURN, GERMAN, EPOCH, formed(transaction_volume={"decimal": ","}))
    assert len({_rules_sha256(contract) for contract in contracts}) == len(contracts)
