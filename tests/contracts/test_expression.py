"""The expression language: what parses to what, and the exact fault for what does not."""

from __future__ import annotations

import pytest

from contracts import expression
from contracts.expression import ExpressionError, parse
from contracts.schema import ColumnType
from contracts.tree import (
    Binary,
    Bucket,
    Clip,
    ColumnRef,
    Days,
    Equals,
    Fill,
    Literal,
    Log1p,
    Missing,
    Month,
    Negate,
    Node,
    Weekday,
    columns_of,
)

COLUMNS = {
    "a": ColumnType.NUMBER,
    "n": ColumnType.INTEGER,
    "flag": ColumnType.BOOLEAN,
    "plan": ColumnType.STRING,
    "at": ColumnType.TIMESTAMP,
}
A = ColumnRef("a", ColumnType.NUMBER)
N = ColumnRef("n", ColumnType.INTEGER)
PLAN = ColumnRef("plan", ColumnType.STRING)
AT = ColumnRef("at", ColumnType.TIMESTAMP)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", A),
        (" a\n + n ", Binary("+", A, N)),
        ("-a", Negate(A)),
        ("+a", A),
        ("--a", Negate(Negate(A))),
        ("a - n - 1", Binary("-", Binary("-", A, N), Literal(1.0))),
        ("a + n * 2", Binary("+", A, Binary("*", N, Literal(2.0)))),
        ("(a + n) * 2", Binary("*", Binary("+", A, N), Literal(2.0))),
        ("a / 12", Binary("/", A, Literal(12.0))),
        ("a * (2 * 3 - 1)", Binary("*", A, Literal(5.0))),
        ("fill(a, -0.5)", Fill(A, -0.5)),
        ("clip(a, 0, 12 * 10)", Clip(A, 0.0, 120.0)),
        ("log1p(a)", Log1p(A)),
        ("missing(plan)", Missing(PLAN)),
        ("missing(at)", Missing(ColumnRef("at", ColumnType.TIMESTAMP))),
        ("missing(a / n)", Missing(Binary("/", A, N))),
        ("equals(plan, 'it''s')", Equals(PLAN, "its")),
        ('equals(plan, "ü")', Equals(PLAN, "ü")),
        ("equals(n, 3)", Equals(N, 3.0)),
        ("equals(flag, 1)", Equals(ColumnRef("flag", ColumnType.BOOLEAN), 1.0)),
        ("bucket(a, -1, 0, 1.5)", Bucket(A, (-1.0, 0.0, 1.5))),
    ],
)
def test_parses(text: str, tree: Node) -> None:
    assert parse(text, COLUMNS) == tree


ALLOWED = (
    "allowed are numbers, columns, + - * / and fill, clip, log1p, missing, equals, bucket, days_since, weekday, month"
)
NAMES = "a, n, flag, plan, at"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", f"the expression is empty; write one over the columns {NAMES}"),
        ("b", f"at position 1: unknown column 'b'; use one of {NAMES}"),
        ("a +\n  b", f"at position 7: unknown column 'b'; use one of {NAMES}"),
        ("equals(plan, 'üü') + b", f"at position 22: unknown column 'b'; use one of {NAMES}"),
        (
            "plan + 1",
            "at position 1: column 'plan' is a string, not a number; use equals(plan, \"text\") or missing(plan), or "
            "plan alone: a category",
        ),
        (
            "at",
            "at position 1: column 'at' is a timestamp, not a number; use days_since, weekday, month or missing of it",
        ),
        ("a ** 2", f"at position 1: 'a ** 2' is not part of the language; {ALLOWED}"),
        ("a if n else 1", f"at position 1: 'a if n else 1' is not part of the language; {ALLOWED}"),
        ("a > 1", f"at position 1: 'a > 1' is not part of the language; {ALLOWED}"),
        ("a.real", f"at position 1: 'a.real' is not part of the language; {ALLOWED}"),
        ("a[0]", f"at position 1: 'a[0]' is not part of the language; {ALLOWED}"),
        ("(lambda: a)()", f"at position 1: '(lambda: a)()' is not part of the language; {ALLOWED}"),
        ("__import__('os')", f"at position 1: unknown function '__import__'; {ALLOWED}"),
        ("fill(a, value=0)", "at position 1: a named argument; pass arguments by position"),
        ("fill(a)", "at position 1: fill() with 1 arguments; write fill(x, constant)"),
        ("fill(a, n)", "at position 9: n in fill(); only a constant number is allowed here"),
        ("fill(3, 0)", "at position 6: fill() of 3; its first argument must use a column"),
        ("clip(a, 5, 1)", "at position 1: clip() with 5, 1; write them rising"),
        ("bucket(a, 1, 1)", "at position 1: bucket() with 1, 1; write them rising"),
        ("equals(plan, 3)", 'at position 14: equals() of a string column with 3; write a "text" in quotes'),
        ("equals(at, 3)", "at position 12: equals() of a timestamp; compare days_since(), weekday() or month()"),
        (
            "equals(a, 'x')",
            "at position 11: 'x'; only numbers are allowed here; a text only in equals(column, \"text\")",
        ),
        ("a + True", 'at position 5: True; only numbers are allowed here; a text only in equals(column, "text")'),
        ("a + 2j", 'at position 5: 2j; only numbers are allowed here; a text only in equals(column, "text")'),
        ("a * 1e999", "at position 5: a constant too large for a 64-bit float; write a smaller one"),
        ("a * 1" + "0" * 400, "at position 5: a constant too large for a 64-bit float; write a smaller one"),
        ("a * (1e308 * 10)", "at position 6: constant 1e+308 * 10 is not a finite number; write a smaller one"),
        ("a / 0", "at position 5: division by the constant 0; the result would always be missing"),
        ("a / (1 - 1)", "at position 6: division by the constant 0; the result would always be missing"),
        ("1 + 2", f"'1 + 2' is the same for every row; use at least one column of {NAMES}"),
        ("a +", "not an expression at position 3: invalid syntax"),
        ("a b", "not an expression at position 3: invalid syntax"),
        ("a) + (n", "not an expression at position 2: unmatched ')'"),
        ("a" * 1001, "the expression has 1001 characters, at most 1000 are allowed; split it"),
    ],
)
def test_one_fault(text: str, fault: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text, COLUMNS)
    assert caught.value.faults == (fault,)


def test_every_fault_is_told() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("b + fill(c, d) / -e", COLUMNS)
    assert [fault.partition(";")[0] for fault in caught.value.faults] == [
        "at position 1: unknown column 'b'",
        "at position 10: unknown column 'c'",
        "at position 13: unknown column 'd'",
        "at position 19: unknown column 'e'",
    ]


DEEP = "nested more than 100 levels deep (a sum of n parts has n); split the expression"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("-" * 100 + "a", DEEP),
        ("a" + "+a" * 100, DEEP),
        ("(" * 400 + "a" + ")" * 400, "not an expression at position 201: too many nested parentheses"),
    ],
)
def test_depth_is_bounded(text: str, fault: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text, COLUMNS)
    assert caught.value.faults == (fault,)


def test_the_deepest_legal_tree_can_be_read() -> None:
    assert columns_of(parse("a" + "+a" * 99, COLUMNS)) == {"a"}


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("weekday(at)", Weekday(AT)),
        ("month(at)", Month(AT)),
        ('days_since(at, "1970-01-01")', Binary("-", Days(AT), Literal(0.0))),
        ('days_since(at, "2026-11-29")', Binary("-", Days(AT), Literal(20786.0))),
        ("days_since(at, at)", Binary("-", Days(AT), Days(AT))),
        ("fill(weekday(at), 0) + 1", Binary("+", Fill(Weekday(AT), 0.0), Literal(1.0))),
    ],
)
def test_functions_of_times(text: str, tree: Node) -> None:
    assert parse(text, COLUMNS) == tree
    assert columns_of(tree) == {"at"}


A_TIME = "a timestamp column is allowed: at"
A_DATE = 'a date such as "2020-01-31" is allowed'


@pytest.mark.parametrize(
    ("text", "position", "fault"),
    [
        ("weekday(a)", 9, f"a in weekday(); {A_TIME}"),
        ("month(plan)", 7, f"plan in month(); {A_TIME}"),
        ("days_since(at, a)", 16, f"a in days_since(); {A_TIME}"),
        ('days_since(at, "soon")', 16, f"'soon' in days_since(); {A_DATE}"),
        ('days_since(at, "2026-02-31")', 16, f"'2026-02-31' in days_since(); {A_DATE}"),
        ('days_since("2020-01-31", at)', 12, f"'2020-01-31' in days_since(); {A_TIME}"),
        ("weekday(at, at)", 1, "weekday() with 2 arguments; write weekday(time)"),
        (
            "days_since(at)",
            1,
            'days_since() with 1 arguments; write days_since(time, "2020-01-31") or days_since(time, time)',
        ),
    ],
)
def test_what_is_no_time_is_told(text: str, position: int, fault: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text, COLUMNS)
    assert caught.value.faults == (f"at position {position}: {fault}",)


def test_a_text_column_may_stand_alone_and_no_time() -> None:
    assert parse("plan", COLUMNS) == PLAN
    with pytest.raises(ExpressionError):
        parse("at", COLUMNS)


def test_columns_of_a_tree() -> None:
    assert columns_of(parse("fill(a, 0) / (n + missing(plan))", COLUMNS)) == {"a", "n", "plan"}


def test_the_table_of_the_language_names_every_function() -> None:
    assert expression.__doc__ is not None
    for name in ("fill", "clip", "log1p", "missing", "equals", "bucket"):
        assert f"`{name}(" in expression.__doc__
