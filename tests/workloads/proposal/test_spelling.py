"""How a file writes letters, numbers and times is proposed where all of it fits one way, and asked where two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts import loader
from tests.workloads.proposal.tables import BASE, ROWS, line_of, proposed, run, text_of, write
from tests.workloads.validation.delivered import NOW
from workloads.proposal import spelling
from workloads.validation import Status, validate

START = datetime(2026, 6, 1, 7, 30, tzinfo=UTC)


def rows(cell: Callable[[int], object]) -> list[object]:
    return [cell(row) for row in range(ROWS)]


def german(number: float) -> str:
    return f"{number:,.2f}".replace(",", "x").replace(".", ",").replace("x", ".")


def at(form: str) -> list[object]:
    return rows(lambda row: (START + timedelta(hours=5 * row)).strftime(form))


@pytest.mark.parametrize(
    ("cells", "keys"),
    [
        (rows(lambda i: f"{i},5"), {"type": "number", "decimal": ","}),
        (rows(lambda i: german(i * 97.5)), {"type": "number", "decimal": ",", "thousands": "."}),
        (rows(lambda i: f"{i} {i:03},5"), {"type": "number", "decimal": ",", "thousands": " "}),
        (rows(lambda i: f"{i * 97.5:,.2f}"), {"type": "number", "thousands": ","}),
        (rows(lambda i: f"{i * 9700:,}".replace(",", "'")), {"type": "integer", "thousands": "'"}),
        (rows(lambda i: f"{i}.5"), {"type": "number"}),
        (rows(lambda i: f"{i}.{i:03}"), {"type": "number"}),
        (at("%d.%m.%Y %H:%M"), {"type": "timestamp", "format": "%d.%m.%Y %H:%M"}),
        (at("%m/%d/%Y %I:%M:%S %p"), {"type": "timestamp", "format": "%m/%d/%Y %I:%M:%S %p"}),
        (at("%d-%b-%y"), {"type": "timestamp", "format": "%d-%b-%y"}),
        (at("%Y/%m/%d"), {"type": "timestamp", "format": "%Y/%m/%d"}),
        (at("%Y-%m-%d %H:%M:%S"), {"type": "timestamp"}),
    ],
)  # fmt: skip
def test_what_all_cells_fit(tmp_path: Path, cells: Sequence[object], keys: dict[str, Any]) -> None:
    _, body, _, _ = line_of(tmp_path, "x", cells)
    assert {key: body[key] for key in ("type", *spelling_keys(body))} == keys


def spelling_keys(body: dict[str, Any]) -> list[str]:
    return [key for key in ("decimal", "thousands", "format", "epoch", "timezone") if key in body]


@pytest.mark.parametrize(
    ("cells", "question"),
    [
        (
            rows(lambda i: f"{1 + i % 9},{i:03}"),
            "what x holds: numbers with a comma: whether it is decimal (decimal: ',') or separates thousands",
        ),
        (
            rows(lambda i: f"{1 + i % 12:02}/{1 + i % 11:02}/2026"),
            "what x holds: timestamps that could be %d/%m/%Y or %m/%d/%Y (format)",
        ),
    ],
)
def test_what_the_file_cannot_tell_is_asked(tmp_path: Path, cells: Sequence[object], question: str) -> None:
    found = proposed(write(tmp_path / "data.csv", {**BASE, "x": cells}))
    assert question in found.open_questions
    assert next(line.body["type"] for line in found.columns if line.name == "x") == "string"


def test_whose_time_it_is_is_asked_of_a_form_without_an_offset(tmp_path: Path) -> None:
    asked = "whose time x is: UTC, if its `timezone` names no place"
    for form, is_open in (("%d.%m.%Y %H:%M", True), ("%Y-%m-%d %H:%M:%S", False)):
        assert (asked in proposed(write(tmp_path / "data.csv", {**BASE, "x": at(form)})).open_questions) == is_open


def test_points_of_a_file_with_commas_separate_thousands(tmp_path: Path) -> None:
    columns = {"amount": rows(lambda i: german(i * 97.5)), "people": rows(lambda i: f"{1 + i % 9}.{i:03}")}
    found = proposed(write(tmp_path / "data.csv", {**BASE, **columns}))
    body = next(line.body for line in found.columns if line.name == "people")
    assert (body["type"], body["decimal"], body["thousands"]) == ("integer", ",", ".")
    assert body["maximum"] > 9000


@pytest.mark.parametrize(("encoding", "told"), [("cp1252", "cp1252"), ("utf-16", "utf-16"), ("utf-8-sig", None)])
def test_a_file_in_another_encoding(tmp_path: Path, encoding: str, told: str | None) -> None:
    path = write(tmp_path / "data.csv", {**BASE, "town": rows(lambda i: ("Köln", "Bonn")[i % 2])})
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    assert spelling.encoding(path) == told
    written = run(path, tmp_path / "towns.yaml", name="towns", label="left", entity="key")
    contract = loader.load(tmp_path / "towns.yaml")
    assert contract.encoding == told
    assert contract.column("town").allowed == ("Bonn", "Köln")
    asked = "whether the file is in cp1252: it is no UTF-8, and all of it can be read so; look at umlauts"
    assert (asked in written.facts["open_questions"]) == (encoding == "cp1252")


def test_the_proposed_contract_accepts_the_file(tmp_path: Path) -> None:
    """A German export: all that differs from the usual, in one file."""
    columns = {
        "Umsatz": rows(lambda i: german(i * 97.5)),
        "Größe": rows(lambda i: f"1,{i:02}"),
        "Zeit": at("%d.%m.%Y %H:%M"),
        "Ort": rows(lambda i: ("Köln", "Düren")[i % 2]),
    }
    path = write(tmp_path / "data.csv", {**BASE, **columns}, delimiter=";")
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp1252"))
    run(path, tmp_path / "visits.yaml", name="visits", label="left", entity="key", event_time="Zeit")
    verdict = validate(path, loader.load(tmp_path / "visits.yaml"), output=tmp_path / "out", now=NOW)
    assert (verdict.status, verdict.accepted, verdict.warnings) == (Status.ACCEPTED, ROWS, ())


def test_the_encoding_stands_before_the_columns(tmp_path: Path) -> None:
    assert "encoding" not in text_of(write(tmp_path / "data.csv", BASE))
