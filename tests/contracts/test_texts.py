"""One rule for texts: what is trimmed, what is missing, and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import texts
from contracts.schema import MISSING_MARKS, Column, ColumnType


def read(text: str, kind: ColumnType = ColumnType.STRING, **changes: Any) -> str | None:
    return texts.reader(Column(name="x", type=kind, **changes))(text)


@pytest.mark.parametrize(
    "mark", ["", " ", "\t", *MISSING_MARKS, "na", "Null", "NONE", " NaN ", "\u00a0n/a\r\n", "\ufeff"]
)
@pytest.mark.parametrize("kind", ColumnType)
def test_the_usual_marks_are_missing_in_any_case_and_padding(mark: str, kind: ColumnType) -> None:
    assert read(mark, kind) is None


@pytest.mark.parametrize("text", ["0", "NAB", "no", "None of these", "n / a", "--", "??", "false", "-1", "N", "nil"])
def test_other_texts_are_values(text: str) -> None:
    assert read(text) == text


def test_values_are_trimmed_and_keep_their_inner_blanks() -> None:
    assert read("  a  b\t") == "a  b"


def test_a_text_that_the_column_allows_is_no_mark() -> None:
    assert read("NA", allowed=("NA", "DE")) == "NA"
    assert read("na", allowed=("NA", "DE")) == "na"  # the check of what is allowed refuses it
    assert read("None", allowed=("NA", "DE")) is None


def test_a_list_of_its_own_replaces_the_usual_one_and_empty_stays_missing() -> None:
    assert [read(text, missing=("k.A.",)) for text in ("K.A.", "NA", "", " ")] == [None, "NA", None, None]
    assert [read(text, missing=()) for text in ("-", "?", "")] == ["-", "?", None]


@pytest.mark.parametrize("text", ["-999", "-999.0", " -9.99e2 ", "99"])
def test_a_number_as_a_mark_means_the_number(text: str) -> None:
    for kind in (ColumnType.INTEGER, ColumnType.NUMBER):
        assert read(text, kind, missing=("-999", "99.0")) is None


def test_a_number_as_a_mark_is_but_its_text_in_a_text_column() -> None:
    assert [read(text, missing=("-999",)) for text in ("-999", "-999.0")] == [None, "-999.0"]
    assert texts.missing_numbers(Column(name="x", type=ColumnType.STRING, missing=("-999",))) == frozenset()


def test_which_numbers_are_missing() -> None:
    column = Column(name="x", type=ColumnType.INTEGER, missing=("-999", "NA", "nan", "inf", "1_0", "7"), allowed=(7, 8))
    assert texts.missing_numbers(column) == {-999.0}
    assert texts.missing_numbers(Column(name="x", type=ColumnType.NUMBER)) == frozenset()
