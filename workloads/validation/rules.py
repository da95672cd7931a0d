"""The row rules of a contract as SQL: how a delivered column becomes typed, and which fault a value has.

A delivered column is text (CSV, or strings in Parquet) or typed (Parquet). Each pair of delivered and wanted type has
one rule; a pair without one makes the whole column wrong. A value is read strictly: 1.5 is no integer, 1_000 is no
number, and a timestamp is ISO 8601. What is trimmed and what is missing is the rule of `contracts.texts`, in CSV and in
Parquet alike, because CSV cannot tell an empty text from a missing one; NaN is missing too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contracts import moments, numerals, texts
from contracts.schema import Column, ColumnType, Contract, Ingestion
from workloads.engine import literal
from workloads.stored import SQL_TYPES
from workloads.validation import forms
from workloads.validation.verdict import RowFault

_NOT_FINITE = "nan|[+-]?inf(inity)?"
_INTEGERS = {
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
}
_EXPECTED = {
    ColumnType.STRING: "text",
    ColumnType.INTEGER: "a whole number",
    ColumnType.NUMBER: "a number",
    ColumnType.BOOLEAN: "true, false, 1 or 0",
    ColumnType.TIMESTAMP: "an ISO 8601 timestamp such as 2026-01-31T12:00:00Z (no offset means UTC)",
}
MAX_SHOWN = 60  # characters of a faulty value that a reason repeats


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Bounds of the event time, from the contract and the moment of judging."""

    earliest: datetime
    latest: datetime
    rules: Ingestion

    @staticmethod
    def of(contract: Contract, now: datetime) -> Clock:
        """`now` must know its time zone."""
        rules = contract.ingestion
        return Clock(
            earliest=(now - timedelta(days=rules.max_lateness_days)).astimezone(UTC),
            latest=(now + timedelta(minutes=rules.max_future_minutes)).astimezone(UTC),
            rules=rules,
        )


def expected(column: Column) -> str:
    """What a value of the column must be, in words."""
    known = ", ".join(text for text, _ in column.values)
    if texts.is_closed(column):
        return f"one of {known} (the contract's values)"
    what = _timestamp(column) if column.type is ColumnType.TIMESTAMP else _EXPECTED[column.type]
    if not numerals.is_plain(column):
        what += f" in the form {numerals.example(column)}"
    return f"{what}, or one of {known} (the contract's values)" if known else what


def _timestamp(column: Column) -> str:
    """How timestamps of the column are written, and which key says so."""
    place = f"columns.{column.name}"
    if column.format:
        return f"a timestamp in the form {column.format} ({place}.format)"
    if column.epoch:
        return f"a timestamp in {column.epoch} since 1970 ({place}.epoch)"
    iso = _EXPECTED[ColumnType.TIMESTAMP].replace("UTC)", f"{column.timezone or 'UTC'})")
    return f"{iso}, or {place}.format or .epoch has to say its form"


def family(duckdb_type: str) -> str:
    """The kind of a delivered column: text, integer, float, decimal, boolean, timestamp, date, null or other."""
    if duckdb_type in _INTEGERS:
        return "integer"
    for prefix, name in (("DECIMAL", "decimal"), ("TIMESTAMP", "timestamp"), ("ENUM", "text")):
        if duckdb_type.startswith(prefix):
            return name
    names = {
        "VARCHAR": "text",
        "FLOAT": "float",
        "DOUBLE": "float",
        "BOOLEAN": "boolean",
        "DATE": "date",
        '"NULL"': "null",
    }
    return names.get(duckdb_type, "other")


def trimmed(source: str, duckdb_type: str) -> str:
    """SQL: the delivered value, a text without blanks at its ends."""
    if family(duckdb_type) != "text":
        return source
    text = source if duckdb_type == "VARCHAR" else f"CAST({source} AS VARCHAR)"
    # trim with characters of one's choice takes six times as long as this look at both ends (no blank lies between)
    clean = " AND ".join(f"{end} BETWEEN '!' AND '~'" for end in (text, f"{text}[-1]"))
    return f"CASE WHEN {clean} THEN {text} ELSE trim({text}, {literal(texts.BLANKS)}) END"


def is_missing(column: Column, value: str, duckdb_type: str) -> str:
    """SQL: whether a `trimmed` value stands for no value in `column` (null or false of null itself)."""
    kind, numbers = family(duckdb_type), sorted(texts.missing_numbers(column))
    listed = ", ".join(map(literal, numbers))
    if kind == "text":
        conditions = [is_mark(column, value)]
        conditions += (
            [f"(NOT contains({value}, '_') AND TRY_CAST({forms.number(column, value)} AS DOUBLE) IN ({listed}))"]
            if numbers
            else []
        )
    else:
        # duckdb 2.0 folds isnan to false by a Parquet file's statistics, which leave NaN out of minimum and maximum
        conditions = [f"(NOT isfinite({value}) AND NOT isinf({value}))"] if kind == "float" else []
        conditions += [f"{value} IN ({listed})"] if numbers and kind in ("integer", "float", "decimal") else []
    missing = " OR ".join(conditions) or "FALSE"
    # a text that the contract's `values` translate is a value, whatever it looks like
    return f"({missing}) AND NOT ({_as_text(value, kind)} IN ({_texts(column)}))" if column.values else missing


def is_mark(column: Column, text: str) -> str:
    """SQL: whether a trimmed text is one of the column's marks of missing values."""
    marks = sorted(texts.marks(column))
    # most texts are longer than every mark: no need to lower them (which makes of 3 bytes at most 1)
    longest = 3 * max(len(mark.encode()) for mark in marks)
    return f"(strlen({text}) <= {longest} AND list_contains([{', '.join(map(literal, marks))}], lower({text})))"


def typed(column: Column, value: str, duckdb_type: str, made: str | None = None) -> str | None:
    """SQL: `value` in the contract's type, null where it cannot be read; None when no value of this type can.

    `made` is a text in the usual form, where the column has another (`forms.made`).
    """
    kind = family(duckdb_type)
    if kind == "null":
        return f"CAST(NULL AS {SQL_TYPES[column.type]})"
    if not moments.is_plain(column) and kind == "text":
        return forms.moment(column, made or value)
    if column.epoch and kind in ("integer", "float", "decimal"):
        exact = {"integer": "HUGEINT", "float": "DOUBLE", "decimal": "DECIMAL(24, 9)"}
        return forms.of_number(column, f"TRY_CAST({value} AS {exact[kind]})")
    rules = _FROM_TEXT if kind == "text" else _FROM_TYPED.get(kind, {})
    rule = rules.get(column.type)
    read = None if rule is None else rule.replace("{x}", made or value)
    return _translated(column, value, kind, read) if column.values else read


def _translated(column: Column, value: str, kind: str, read: str | None) -> str | None:
    """SQL: what a text means by the column's `values`, and otherwise `read`, if other texts are legal."""
    text, sql_type = _as_text(value, kind), SQL_TYPES[column.type]
    meanings = texts.translation(column).items()
    cases = " ".join(f"WHEN {literal(known)} THEN CAST({literal(meant)} AS {sql_type})" for known, meant in meanings)
    otherwise = read if read is not None and not texts.is_closed(column) else f"CAST(NULL AS {sql_type})"
    return f"CASE {text} {cases} ELSE {otherwise} END"


def _as_text(value: str, kind: str) -> str:
    return value if kind == "text" else f"CAST({value} AS VARCHAR)"


def _texts(column: Column) -> str:
    return ", ".join(map(literal, texts.translation(column)))


_FROM_TEXT = {
    ColumnType.STRING: "{x}",
    # duckdb's own cast rounds 1.5 and reads 0x1F; both fail the comparison with the float, which beyond 2**53 has no
    # fraction to compare with
    ColumnType.INTEGER: (
        "CASE WHEN NOT contains({x}, '_') AND TRY_CAST({x} AS BIGINT) = TRY_CAST({x} AS DOUBLE) "
        "AND (abs(TRY_CAST({x} AS DOUBLE)) < 9007199254740992 OR regexp_full_match({x}, '[+-]?\\d+(\\.0*)?')) "
        "THEN TRY_CAST({x} AS BIGINT) END"
    ),
    ColumnType.NUMBER: "CASE WHEN NOT contains({x}, '_') THEN TRY_CAST({x} AS DOUBLE) END",
    ColumnType.BOOLEAN: (
        "CASE WHEN lower({x}) IN ('true', '1') THEN TRUE WHEN lower({x}) IN ('false', '0') THEN FALSE END"
    ),
    ColumnType.TIMESTAMP: (
        "CASE WHEN regexp_full_match({x}, "
        + literal(moments.TIMESTAMP)
        + ") THEN TRY_CAST({x} AS TIMESTAMP WITH TIME ZONE) END"
    ),
}
_AS_IS = {ColumnType.NUMBER: "TRY_CAST({x} AS DOUBLE)"}
# of the years that a text can have; this leaves infinities out
_MOMENT = (
    "CASE WHEN TRY_CAST({x} AS TIMESTAMP WITH TIME ZONE) BETWEEN TIMESTAMP WITH TIME ZONE '0001-01-01 00:00:00+00' "
    "AND TIMESTAMP WITH TIME ZONE '9999-12-31 23:59:59.999999+00' THEN TRY_CAST({x} AS TIMESTAMP WITH TIME ZONE) END"
)
_WHOLE = "CASE WHEN {x} = trunc({x}) THEN TRY_CAST({x} AS BIGINT) END"
_ZERO_ONE = "CASE WHEN {x} = 1 THEN TRUE WHEN {x} = 0 THEN FALSE END"
_FROM_TYPED = {
    "integer": {
        ColumnType.INTEGER: "TRY_CAST({x} AS BIGINT)",
        ColumnType.STRING: "CAST({x} AS VARCHAR)",
        ColumnType.BOOLEAN: _ZERO_ONE,
        **_AS_IS,
    },
    "float": {ColumnType.INTEGER: _WHOLE, ColumnType.BOOLEAN: _ZERO_ONE, **_AS_IS},
    "decimal": {ColumnType.INTEGER: _WHOLE, **_AS_IS},
    "boolean": {ColumnType.BOOLEAN: "{x}", ColumnType.INTEGER: "CAST({x} AS BIGINT)"},
    "timestamp": {ColumnType.TIMESTAMP: _MOMENT},
    "date": {ColumnType.TIMESTAMP: _MOMENT},
}


def fault(
    column: Column,
    value: str,
    absent: str,
    delivered: str,
    mark: str,
    *,
    is_event_time: bool,
    clock: Clock,
    learnable: tuple[float, float] | None = None,
) -> str:
    """SQL: the first fault of one value as a struct (code, column, text), or null.

    `value` is typed, `absent` whether none came, `delivered` what came, as text, and `mark` the text that stood for no
    value; `learnable` the range of a label. Values of a column that identifies a person are not repeated.
    """
    shown = "'a withheld value'" if column.pii else f"left({delivered}, {MAX_SHOWN})"
    none = f"coalesce({mark} || ', which stands for no value (columns.{column.name}.missing)', 'empty')"
    cases = [
        (absent, None if column.nullable else _struct(column, RowFault.NULL, none, "'; the contract requires a value'"))
    ]
    limits = _limits(column, value, shown)
    if learnable:
        limits += _unlearnable(column, value, shown, *learnable)
    if is_event_time:
        limits += _event_limits(column, value, shown, clock)
    if column.type in (ColumnType.INTEGER, ColumnType.NUMBER):
        finite = f"({value} IS NULL AND regexp_full_match(lower({delivered}), {literal(_NOT_FINITE)}))"
        finite += f" OR NOT isfinite({value})" if column.type is ColumnType.NUMBER else ""
        cases.append((finite, _struct(column, RowFault.NOT_FINITE, shown, "'; only finite numbers are allowed'")))
    unread = RowFault.BAD_TIMESTAMP if column.type is ColumnType.TIMESTAMP else RowFault.WRONG_TYPE
    must = literal(f"; it must be {expected(column)}") + _comma(column, delivered)
    if column.type is not ColumnType.STRING or column.values:  # else every text is read
        cases.append((f"{value} IS NULL", _struct(column, unread, shown, must)))
    # most values have no fault, of which one look at all limits is enough
    faultless = [f"{value} IS NOT NULL", *(f"NOT ({beyond})" for beyond, _ in limits)]
    faultless += [f"isfinite({value})"] if column.type is ColumnType.NUMBER else []
    cases = [(" AND ".join(faultless), None), *cases, *limits]
    branches = " ".join(f"WHEN {condition} THEN {result or 'NULL'}" for condition, result in cases)
    return f"CASE {branches} END"


def _comma(column: Column, delivered: str) -> str:
    """SQL, after a text: how a number with a comma could be read, where the contract says of none how it is written."""
    if column.type not in (ColumnType.INTEGER, ColumnType.NUMBER) or not numerals.is_plain(column):
        return ""
    keys = literal(f" (columns.{column.name}.decimal and .thousands say how numbers with a comma are written)")
    return f" || CASE WHEN contains({delivered}, ',') THEN {keys} ELSE '' END"


def _limits(column: Column, value: str, shown: str) -> list[tuple[str, str | None]]:
    cases: list[tuple[str, str | None]] = []
    if column.minimum is not None:
        text = literal(f"; the minimum is {column.minimum:g}")
        cases.append((f"{value} < {literal(column.minimum)}", _struct(column, RowFault.BELOW_MINIMUM, shown, text)))
    if column.maximum is not None:
        text = literal(f"; the maximum is {column.maximum:g}")
        cases.append((f"{value} > {literal(column.maximum)}", _struct(column, RowFault.ABOVE_MAXIMUM, shown, text)))
    if column.allowed:
        text = literal(f"; allowed are {', '.join(map(str, column.allowed))}")
        members = ", ".join(literal(item) for item in column.allowed)
        cases.append((f"{value} NOT IN ({members})", _struct(column, RowFault.NOT_ALLOWED, shown, text)))
    return cases


def _unlearnable(column: Column, value: str, shown: str, least: float, most: float) -> list[tuple[str, str | None]]:
    told = literal(f"; a model can learn from labels of {least:g} to {most:g}; deliver them in another unit")
    return [
        (f"{value} < {literal(least)}", _struct(column, RowFault.BELOW_MINIMUM, shown, told)),
        (f"{value} > {literal(most)}", _struct(column, RowFault.ABOVE_MAXIMUM, shown, told)),
    ]


def _event_limits(column: Column, value: str, shown: str, clock: Clock) -> list[tuple[str, str | None]]:
    days, minutes = clock.rules.max_lateness_days, clock.rules.max_future_minutes
    late = f"; events before {clock.earliest:%Y-%m-%dT%H:%M:%SZ} come too late (ingestion.max_lateness_days {days})"
    future = (
        f"; events after {clock.latest:%Y-%m-%dT%H:%M:%SZ} are in the future (ingestion.max_future_minutes {minutes})"
    )
    return [
        (f"{value} < {_instant(clock.earliest)}", _struct(column, RowFault.LATE_EVENT, shown, literal(late))),
        (f"{value} > {_instant(clock.latest)}", _struct(column, RowFault.FUTURE_EVENT, shown, literal(future))),
    ]


def _instant(moment: datetime) -> str:
    return f"CAST({literal(moment.isoformat())} AS TIMESTAMP WITH TIME ZONE)"


def _struct(column: Column, code: RowFault, *parts: str) -> str:
    text = f"concat({literal(f'{column.name} is ')}, {', '.join(parts)})"
    return f"{{'code': {literal(code.value)}, 'column': {literal(column.name)}, 'text': {text}}}"
