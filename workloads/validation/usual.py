"""Texts in the form that most have, told at a glance: of them the rules of `rules` need not be asked.

What is usual has the outcome of the rules, which judge all other texts; a test holds one against the other. A whole
number is usual if it is written as duckdb itself writes it, another number if duckdb reads it as one that is finite, a
timestamp if it is ISO 8601, a text if it has a letter of ASCII at either end. So blanks, marks of missing values and
odd spellings are looked for where there may be some.
"""

from __future__ import annotations

from contracts import moments, texts
from contracts.schema import Column, ColumnType
from workloads.engine import literal
from workloads.validation import rules


def value(column: Column, text: str) -> str | None:
    """SQL: the value that a usual text has; None where no text of the column is told at a glance."""
    if column.values or texts.missing_numbers(column) or not texts.is_plain(column):
        return None
    match column.type:
        case ColumnType.STRING:
            return text
        case ColumnType.INTEGER:
            return f"TRY_CAST({text} AS BIGINT)"
        case ColumnType.NUMBER:
            return f"TRY_CAST({text} AS DOUBLE)"
        case ColumnType.TIMESTAMP:
            return f"TRY_CAST({text} AS TIMESTAMP WITH TIME ZONE)"
        case ColumnType.BOOLEAN:
            return None


def is_usual(column: Column, text: str, value: str) -> str:
    """SQL: whether a text, whose value is `value`, is usual or null; false of all others, never null."""
    match column.type:
        case ColumnType.INTEGER:
            usual = f"CAST({value} AS VARCHAR) = {text}"
        case ColumnType.NUMBER:
            usual = f"isfinite({value}) AND NOT contains({text}, '_')"
        case ColumnType.TIMESTAMP:
            # duckdb itself reads more, such as year 0 and blanks before an hour
            usual = f"{value} IS NOT NULL AND regexp_full_match({text}, {literal(moments.TIMESTAMP)})"
        case _:
            ends = " AND ".join(f"{end} BETWEEN '!' AND '~'" for end in (text, f"{text}[-1]"))
            usual = f"{ends} AND NOT {rules.is_mark(column, text)}"
    # as the condition of a CASE, of which the engine looks at no part that the ones before have decided
    return f"CASE WHEN {usual} THEN TRUE ELSE {text} IS NULL END"
