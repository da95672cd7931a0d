"""How a contract says that numbers and timestamps are written, and what it says in vain or against itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts import loader, moments, schema
from contracts.schema import Contract

CHURN = yaml.safe_load(Path("contracts/churn.yaml").read_text())
BAD_FORMAT = "columns.event_time.format: {!r} is found, {}"


def read(top: dict[str, Any] | None = None, **columns: dict[str, Any]) -> Contract:
    """The churn contract with other keys at the top and in columns."""
    changed = {name: {**CHURN["columns"][name], **keys} for name, keys in columns.items()}
    return loader.loads(yaml.safe_dump(CHURN | (top or {}) | {"columns": CHURN["columns"] | changed}))


def faults(*args: Any, **columns: dict[str, Any]) -> list[str]:
    with pytest.raises(loader.ContractError) as caught:
        read(*args, **columns)
    return [fault.partition(", ")[2] for fault in caught.value.faults]


def signs(contract: Contract) -> dict[str, tuple[str | None, str | None]]:
    return {column.name: (column.decimal, column.thousands) for column in contract.columns}


def test_the_contracts_signs_are_those_of_its_numbers() -> None:
    german = (",", ".")
    assert signs(read({"decimal": ",", "thousands": "."})) == {
        "customer_id": (None, None),
        "event_time": (None, None),
        "user_tenure_months": german,
        "transaction_volume": german,
        "support_tickets": german,
        "churn_label": german,
    }


def test_a_column_that_says_one_sign_says_both() -> None:
    top = {"decimal": ",", "thousands": "."}
    found = signs(read(top, transaction_volume={"decimal": "."}, support_tickets={"thousands": ""}))
    assert found["transaction_volume"] == found["support_tickets"] == (None, None)
    assert found["user_tenure_months"] == (",", ".")


def test_the_usual_signs_compile_to_what_no_signs_do() -> None:
    assert schema.to_json(read({"decimal": "."})) == schema.to_json(read())
    columns = json.loads(schema.to_json(read()))["columns"]
    assert not any(set(column) & set(schema.FORMS) for column in columns)


def test_forms_travel_with_the_compiled_contract() -> None:
    found = read({"decimal": ","}, event_time={"format": "%d.%m.%Y", "timezone": "Europe/Berlin"})
    assert schema.from_json(schema.to_json(found)) == found


@pytest.mark.parametrize(
    ("top", "columns", "told"),
    [
        ({"decimal": ";"}, {}, "decimal: ';' is found; allowed are '.', ','"),
        ({"decimal": None}, {}, "decimal: nothing is found; allowed are '.', ','"),
        ({"thousands": "x"}, {}, "thousands: 'x' is found; allowed are '.', ',', \"'\", ' '"),
        (
            {"thousands": "."},
            {},
            "thousands: '.' is found, which is the decimal sign too, so that 1.234 could be either; "
            "write decimal: ',', or another sign of thousands",
        ),
        (
            {},
            {"support_tickets": {"decimal": ",", "thousands": ","}},
            "columns.support_tickets.thousands: ',' is found, which is the decimal sign too, so that 1,234 could be "
            "either; write decimal: '.', or another sign of thousands",
        ),
        (
            {},
            {"support_tickets": {"decimal": ":"}},
            "columns.support_tickets.decimal: ':' is found; allowed is '.' or ','",
        ),
        (
            {},
            {"customer_id": {"decimal": ","}},
            "columns.customer_id.decimal: is found on a string; only integer and number have it; remove it",
        ),
        (
            {},
            {"support_tickets": {"format": "%Y"}},
            "columns.support_tickets.format: is found on a integer; only timestamp has it; remove it",
        ),
        (
            {},
            {"event_time": {"epoch": "days"}},
            "columns.event_time.epoch: 'days' is found; allowed is 'seconds' or 'milliseconds'",
        ),
        (
            {},
            {"event_time": {"epoch": "seconds", "format": "%Y-%m-%d"}},
            "columns.event_time.epoch: is found beside format; a timestamp has one form; remove one",
        ),
        (
            {},
            {"event_time": {"timezone": "Europe/Bonn"}},
            "columns.event_time.timezone: 'Europe/Bonn' is found; a name of the IANA time zone database is allowed, "
            "such as Europe/Berlin",
        ),
        (
            {},
            {"event_time": {"timezone": "Europe/Berlin", "epoch": "seconds"}},
            "columns.event_time.timezone: is found beside epoch; what is counted since 1970 is the same everywhere; "
            "remove it",
        ),
        (
            {},
            {"event_time": {"timezone": "Europe/Berlin", "format": "%d.%m.%Y %H:%M %z"}},
            "columns.event_time.timezone: is found beside a format whose %z says the offset; remove one",
        ),
        *(
            ({}, {"event_time": {"format": text}}, BAD_FORMAT.format(text, told))
            for text, told in (
                (
                    "%d.%m.%Y %s",
                    "of which %s is not read; allowed are %Y, %y, %m, %b, %B, %d, %H, %I, %M, %S, %f, %p, %z",
                ),
                ("%d.%m", "which lacks the year (%Y or %y); add it"),
                ("%Y-%m-%d %d", "which has %d 2 times; write it once"),
                ("%Y-%m-%d %b", "which says the month twice, as %m and %b; write it once"),
                ("%Y-%m-%d %I:%M", "of which %I and %p stand together (09:30 PM) or not at all"),
                ("%Y-%m-%d %M", "which has %M without %H; add it"),
                ("dd.mm.yyyy", "which lacks the year (%Y or %y); add it"),
                (
                    "%Y-%m-%d %",
                    "of which % is not read; allowed are %Y, %y, %m, %b, %B, %d, %H, %I, %M, %S, %f, %p, %z",
                ),
            )
        ),
    ],
)
def test_what_cannot_be_meant(top: dict[str, Any], columns: dict[str, dict[str, Any]], told: str) -> None:
    assert faults(top, **columns) == [told]


def test_a_text_that_spells_another_number_in_the_columns_form_cannot_mean_one() -> None:
    (told,) = faults(transaction_volume={"decimal": ",", "values": {"1,5": 7}})
    assert told.startswith("columns.transaction_volume.values.1,5: '1,5' stands for 7 and is a value itself")


def test_a_format_with_signs_that_mean_something_in_a_pattern() -> None:
    form = moments.form("%Y.%m|%d (%H)")
    assert (form.pattern, form.letters) == (r"([0-9]{4})\.([0-9]{1,2})\|([0-9]{1,2})\ \(([0-9]{1,2})\)", "YmdH")
