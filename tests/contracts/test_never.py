"""What no row can ever hold is refused where the contract says it: texts with blanks, marks, illegal values."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from contracts import loader
from contracts.loader import ContractError
from contracts.schema import Column, ColumnType
from contracts.texts import BLANKS, never, never_number, reader

DATA: dict[str, Any] = {
    "name": "census",
    "task": "binary_classification",
    "entity": "person",
    "event_time": {"from": "delivery"},
    "label": "rich",
    "columns": {
        "person": {"type": "string"},
        "work": {"type": "string", "nullable": True},
        "town": {"type": "string", "values": {"B": "Berlin"}},
        "plan": {"type": "string", "allowed": ["NA", "basic"]},
        "vip": {"type": "boolean"},
        "kids": {"type": "integer", "nullable": True, "minimum": 0, "missing": [99, "?"]},
        "rich": {"type": "integer", "allowed": [0, 1]},
    },
    "features": {"kids": "kids"},
}
MARK = "it stands for no value; list it in columns.work.allowed, or the marks that are some in columns.work.missing"
EMPTY = "an empty text is no value; missing(work) finds it"
TRIMMED = "texts are read without blanks at their ends; write"


def faults(feature: str = "kids", **columns: dict[str, Any]) -> list[str]:
    text = yaml.safe_dump(DATA | {"features": {"f": feature}, "columns": DATA["columns"] | columns}, sort_keys=False)
    try:
        loader.loads(text)
    except ContractError as error:
        return [fault.partition(", ")[2] for fault in error.faults]
    return []


@pytest.mark.parametrize(
    ("comparison", "why"),
    [
        ('equals(work, " Private")', f"{TRIMMED} 'Private'"),
        ('equals(work, "Private  ")', f"{TRIMMED} 'Private'"),
        ('equals(work, "")', EMPTY),
        (
            'equals(work, "n/a")',
            MARK,
        ),
        ('equals(town, "B")', "it means 'Berlin' by columns.town.values; write that"),
        ('equals(plan, "premium")', "columns.plan.allowed has 'NA', 'basic'; write one of them"),
        ("equals(vip, 2)", "a boolean is 0 or 1"),
        ("equals(kids, 1.5)", "columns.kids holds whole numbers"),
        ("equals(kids, -1)", "columns.kids.minimum is 0"),
        ("equals(kids, 99)", "columns.kids.missing has it as a mark of no value; missing(kids) finds it"),
    ],
)
def test_a_comparison_that_is_never_true_is_refused_by_column_and_text(comparison: str, why: str) -> None:
    assert faults(f"1 - fill({comparison}, 0)") == [f"features.f: {comparison} is never 1: {why}"]


@pytest.mark.parametrize(
    "comparison",
    [
        'equals(work, "Private")',
        'equals(work, "a  b")',
        'equals(town, "Berlin")',
        'equals(town, "Bonn")',
        'equals(plan, "NA")',
        "equals(vip, 1)",
        "equals(kids, 0)",
        "equals(kids / 2, 1.5)",
        "equals(kids - 1, -1)",
    ],
)
def test_a_comparison_that_a_row_can_meet_stays(comparison: str) -> None:
    assert faults(comparison) == []


def test_legal_values_with_blanks_at_their_ends_or_without_a_letter_are_refused() -> None:
    assert faults(work={"type": "string", "allowed": ["Private", " a", "b\t", ""]}) == [
        f"columns.work.allowed.1: ' a' is found, which no row ever holds: {TRIMMED} 'a'",
        f"columns.work.allowed.2: 'b\\t' is found, which no row ever holds: {TRIMMED} 'b'",
        f"columns.work.allowed.3: '' is found, which no row ever holds: {EMPTY}",
    ]
    assert faults(work={"type": "string", "allowed": ["a b", "NA", "?"]}) == []


def test_delivered_texts_may_mean_only_what_a_request_can_hold() -> None:
    assert faults(work={"type": "string", "values": {"P": " Private", "U": "NA"}}) == [
        f"columns.work.values.P: ' Private' is found, which a request cannot hold: {TRIMMED} 'Private'",
        f"columns.work.values.U: 'NA' is found, which a request cannot hold: {MARK}",
    ]
    assert faults(kids={"type": "integer", "missing": [-1], "values": {"none": -1}}) == [
        "columns.kids.values.none: -1 is found, which a request cannot hold: it is a mark of no value"
    ]
    assert faults(kids={"type": "integer", "missing": [-1], "values": {" none ": 0}}) == []


def test_a_segment_is_held_to_the_same() -> None:
    text = yaml.safe_dump(DATA | {"segments": {"s": 'equals(work, "Private ")'}})
    with pytest.raises(ContractError, match=r'segments.s: equals\(work, "Private "\) is never 1'):
        loader.loads(text)


@pytest.mark.parametrize("text", ["a", " a", "a ", "", "NA", "na", "b", "B", "x", "None", "?", "a b", "\ufeffa"])
@pytest.mark.parametrize(
    "column",
    [
        Column(name="x", type=ColumnType.STRING),
        Column(name="x", type=ColumnType.STRING, allowed=("a", "NA")),
        Column(name="x", type=ColumnType.STRING, values=(("a", "b"),)),
        Column(name="x", type=ColumnType.STRING, values=(("a", "b"), ("b", "x"))),
        Column(name="x", type=ColumnType.STRING, missing=("x",)),
    ],
    ids=["free", "listed", "translated", "closed", "marks of its own"],
)
def test_what_is_said_to_be_never_there_is_read_from_no_delivered_text(column: Column, text: str) -> None:
    read = reader(column)
    found = {each(read, delivered) for delivered in (text, text.strip(BLANKS), "a", "b", "x", "B", "NA", "na", "?")}
    legal = {value for value in found if value is not None and (not column.allowed or value in column.allowed)}
    assert (never(column, text) is None) == (text in legal)


def each(read: Any, delivered: str) -> str | None:
    try:
        return read(delivered)
    except ValueError:
        return None


def test_a_number_within_what_is_legal_is_there() -> None:
    column = Column(name="x", type=ColumnType.NUMBER, minimum=0, maximum=2)
    assert [never_number(column, value) for value in (0.0, 1.5, 2.0)] == [None, None, None]
    assert never_number(column, 2.5) == "columns.x.maximum is 2"
    listed = Column(name="x", type=ColumnType.INTEGER, allowed=(1, 99), missing=("99",))
    assert (never_number(listed, 99), never_number(listed, 1)) == (None, None)
    assert never_number(listed, 2) == "columns.x.allowed has 1, 99; write one of them"
