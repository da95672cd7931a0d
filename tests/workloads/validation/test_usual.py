"""What is usual at a glance is what the rules make of it, over texts that were usual before something befell them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from contracts import texts
from contracts.schema import Column, ColumnType
from workloads.engine import connect, literal
from workloads.validation import rules, usual

# ruff: noqa: S608 -- SQL here is made of texts of this file

USUAL = {
    ColumnType.STRING: ("C00000001", "x", "of two words", "naïve"),
    ColumnType.INTEGER: ("0", "7", "-12", "9007199254740993", "-9223372036854775808", "9223372036854775807"),
    ColumnType.NUMBER: ("0", "-1.5", ".5", "1e308", "1.7976931348623157e308", "123456.78901234567", "5e-324"),
    ColumnType.TIMESTAMP: ("2026-01-31T23:59:59Z", "2026-01-31 00:00:00", "2024-02-29", "0001-01-01T00:00:00Z"),
}
#: Texts of whole columns that are nearly numbers or times, or stand for no value.
ODD = (
    *("", " ", "NA", "n/a", "-", "?", "nan", "inf", "-Infinity", "null", "NULL", "N/A", "NaT", "none"),
    *("1_000", "0x1F", "1.0", "+1", "-0", "007", "1e3", "1,5", "1 000", "9223372036854775808", "1e309", "0b1"),
    *("2026-02-30T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T23:59:60Z", "0000-01-01T00:00:00Z", "infinity"),
    *("-001-01-01T00:00:00Z", " 026-01-01T00:00:00Z", "1 12-04-05T00:00:00Z", "1-12-04-05T00:00:00Z", "epoch"),
    *("2026-1-01 00:00:00Z", "2026-01-31T23:59:59+01:00", "2026-01-31T235959Z", "99999-01-01 00:00:0", "202-01-01T"),
)
BYTES = [chr(code) for code in range(1, 256)] + list(texts.BLANKS) + ["\u212a", "\uff10", "\u0661"]


def _changed(text: str, chance: random.Random) -> str:
    """A text with one to three letters put in, taken out or replaced."""
    letters = list(text)
    for _ in range(chance.randint(1, 3)):
        place = chance.randint(0, len(letters))
        letters[place : place + chance.randint(0, 1)] = chance.choice(
            ["", *chance.choices(BYTES, k=3), *"019 -:TZ.+_e"]
        )
    return "".join(letters)


def _texts(kind: ColumnType) -> list[str]:
    """Usual texts and odd ones, each usual one with each letter replaced by each other, and with more such faults."""
    chance = random.Random(10)  # noqa: S311  no secret
    found = {*USUAL[kind], *ODD}
    for text in USUAL[kind]:
        found |= {text[:place] + new + text[place + 1 :] for place in range(len(text) + 1) for new in BYTES}
        found |= {_changed(text, chance) for _ in range(3_000)}
    return sorted(found)


@pytest.mark.parametrize("kind", USUAL, ids=str)
def test_a_usual_text_has_the_value_that_the_rules_give_it(kind: ColumnType, tmp_path: Path) -> None:
    column = Column(name="x", type=kind)
    value = usual.value(column, "r")
    assert value is not None
    trimmed, is_usual = rules.trimmed("r", "VARCHAR"), usual.is_usual(column, "r", "q")
    present = f"CASE WHEN {rules.is_missing(column, 'p', 'VARCHAR')} THEN NULL ELSE p END"
    with connect(tmp_path, threads=1) as connection:
        listed = ", ".join(f"({literal(text)})" for text in _texts(kind))
        connection.execute(f"CREATE TABLE delivered AS FROM (VALUES {listed}, (NULL)) AS texts(r)")
        connection.execute(f"""
            CREATE TABLE held AS SELECT *, {is_usual} AS usual, {rules.typed(column, "d", "VARCHAR")} AS ruled FROM (
            SELECT *, {present} AS d FROM (SELECT r, {value} AS q, {trimmed} AS p FROM delivered))""")
        wrong = connection.execute("""
            SELECT r, d, CAST(q AS VARCHAR), CAST(ruled AS VARCHAR) FROM held
            WHERE usual IS NULL OR (usual AND (q IS DISTINCT FROM ruled OR (q IS NULL) != (r IS NULL)))""").fetchall()
        assert wrong == []
        told = {text for (text,) in connection.execute("SELECT r FROM held WHERE usual AND r IS NOT NULL").fetchall()}
        # else the test could hold nothing
        assert told.issuperset(text for text in USUAL[kind] if text.isascii() and not text.startswith("0001"))


@pytest.mark.parametrize(
    "column",
    [
        Column(name="x", type=ColumnType.BOOLEAN),
        Column(name="x", type=ColumnType.INTEGER, missing=("-999",)),
        Column(name="x", type=ColumnType.NUMBER, decimal=","),
        Column(name="x", type=ColumnType.INTEGER, values=(("1", 0), ("2", 1))),
        Column(name="x", type=ColumnType.TIMESTAMP, timezone="Europe/Berlin"),
        Column(name="x", type=ColumnType.TIMESTAMP, format="%d.%m.%Y"),
        Column(name="x", type=ColumnType.TIMESTAMP, epoch="seconds"),
    ],
    ids=["boolean", "a number that is missing", "comma", "values", "timezone", "format", "epoch"],
)
def test_of_columns_with_a_form_of_their_own_nothing_is_told_at_a_glance(column: Column) -> None:
    assert usual.value(column, "r") is None
