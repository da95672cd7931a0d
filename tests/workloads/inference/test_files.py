"""Files that validation accepts: batches, and the service where a body may be such, find the same values in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.workloads.validation import shapes
from workloads.inference import columnar, files
from workloads.inference.errors import Refused
from workloads.inference.reader import Reader
from workloads.inference.rows import Raw
from workloads.validation import Status

ACCEPTED = [
    (group, kind, content)
    for group, listed in shapes.CONTENTS.items()
    for kind, content in listed
    if not shapes.written()[group, kind].startswith("refused")
]
#: Of the event time, of rows beside each other: nothing that a row of inputs could break.
_NOT_OF_INPUTS = {"bad_timestamp", "duplicate_row"}


def accepted(directory: Path, reader: Reader) -> dict[int, tuple[Any, ...]]:
    """The inputs and the entity of each row that validation has accepted, by its number in the file from 0."""
    names = ", ".join([*(check.name for check in reader.checks), reader.entity.name])
    with duckdb.connect() as connection:
        rows = connection.sql(f"SELECT {names} FROM '{directory}/output/accepted.parquet'").fetchall()  # noqa: S608
        quarantine = directory / "output" / "quarantine.parquet"
        found = f"SELECT quarantine_row FROM '{quarantine}'"  # noqa: S608
        bad = {row - 1 for (row,) in connection.sql(found).fetchall()} if quarantine.exists() else set[int]()
    return dict(zip((i for i in range(len(rows) + len(bad)) if i not in bad), rows, strict=True))


@pytest.mark.parametrize(
    ("group", "kind", "content"), ACCEPTED, ids=[f"{group}: {kind}" for group, kind, _ in ACCEPTED]
)
def test_a_file_that_a_model_was_trained_on(tmp_path: Path, group: str, kind: str, content: bytes) -> None:
    verdict = shapes.judged(content, tmp_path, group)
    assert verdict.status is Status.ACCEPTED
    reader = Reader(shapes.contract(group), max_rows=100)
    expected = accepted(tmp_path, reader)
    path = tmp_path / "delivered"
    found = list(files.rows(reader, path))
    assert len(found) == verdict.rows_in
    good = {i: (*row.values, row.entity) for i, row in enumerate(found) if not row.faults}
    assert {i: good[i] for i in expected} == expected
    bad = verdict.quarantined if not _NOT_OF_INPUTS & verdict.reasons.keys() else 0
    assert len(found) - len(good) == bad
    assert files.is_table(reader, path)
    if group not in ("gzip", "zstd") and "gzip" not in kind:
        is_preceded = any(word in kind for word in ("before the header", "sep=", "comments with"))
        assert served(reader, content, refused=bool(bad) or is_preceded) == (
            None if bad or is_preceded else list(good.values())
        )


def served(reader: Reader, body: bytes, *, refused: bool) -> list[tuple[Any, ...]] | None:
    """Inputs and entity of each row of a body; None where it is refused, as it should be."""
    try:
        raw = columnar.read(body, reader) if body.startswith(b"PAR1") else reader.csv(body, header=None)
    except Refused as refusal:
        assert refused, refusal.message
        return None
    return rows_of(raw)


def rows_of(raw: Raw) -> list[tuple[Any, ...]]:
    entities = raw.entities or [None] * len(raw.values)
    return [(*values, entity) for values, entity in zip(raw.values, entities, strict=True)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_quoted_name_with_line_ends_in_a_body(end: str) -> None:
    reader = Reader(shapes.CHURN, max_rows=100)
    body = end.join(['"a ""note""', "", '",support_tickets,customer_id', "x,7,C1", '"y', '",y,C2'])
    with pytest.raises(Refused, match="line 6, field 'support_tickets': \"y\" is found") as caught:
        reader.csv(body.encode(), header=None)
    assert caught.value.status == 422
    assert rows_of(reader.csv(body.replace(",y,", ",8,").encode(), header=True)) == [
        (None, None, 7, "C1"),
        (None, None, 8, "C2"),
    ]


def test_a_bare_quote_in_a_name_takes_no_line_with_it(tmp_path: Path) -> None:
    reader = Reader(shapes.CHURN, max_rows=100)
    text = 'no"te,support_tickets,customer_id\nx,7,C1\n"y",8,C2\nz"z,9,C3\n'
    expected = [(None, None, 7, "C1"), (None, None, 8, "C2"), (None, None, 9, "C3")]
    assert rows_of(reader.csv(text.encode(), header=None)) == expected
    (tmp_path / "day").write_text(text)
    assert [(*row.values, row.entity) for row in files.rows(reader, tmp_path / "day")] == expected


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("7,C1,,", None),
        ("7,C1, ", "3 cells"),
        ("7,C1,x", "3 cells"),
        ("7,C1,,x", "4 cells"),
        ("7", "1 cells"),
    ],
)
def test_empty_cells_behind_those_of_the_header_are_none(tmp_path: Path, row: str, told: str | None) -> None:
    reader = Reader(shapes.CHURN, max_rows=100)
    (tmp_path / "day").write_text(f"support_tickets,customer_id\n{row}\n")
    (found,) = files.rows(reader, tmp_path / "day")
    assert [fault.found for fault in found.faults] == ([told] if told else [])


def test_a_row_without_a_header_has_as_many_cells_as_inputs(tmp_path: Path) -> None:
    """Nobody says which of them are those behind the last."""
    (tmp_path / "day").write_text("1,2.5,3,\n1,2.5,3\n")
    first, second = files.rows(Reader(shapes.CHURN, max_rows=100), tmp_path / "day")
    assert ([fault.found for fault in first.faults], second.values) == (["4 cells"], [1, 2.5, 3])


def test_a_cell_that_begins_with_a_brace(tmp_path: Path) -> None:
    """It is JSON by its content, and CSV by its name."""
    reader = Reader(shapes.CHURN, max_rows=100)
    (tmp_path / "day.csv").write_text("{note},support_tickets,customer_id\nx,7,C1\n")
    assert [row.entity for row in files.rows(reader, tmp_path / "day.csv")] == ["C1"]
    (tmp_path / "day.csv").rename(tmp_path / "day")
    with pytest.raises(files.FileError, match="line 1: JSON is malformed"):
        list(files.rows(reader, tmp_path / "day"))
