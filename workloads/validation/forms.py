"""Texts that a column has in a form of its own, as SQL: the rules of `contracts.numerals` and `contracts.moments`.

A text is first made one in the usual form (a plain number, ISO 8601), null where it is in neither. The engine evaluates
an expression as often as it is written, so what is used more than once is a projection of its own: `parts`, `made`.
"""

from __future__ import annotations

from contracts import moments, numerals
from contracts.schema import Column
from workloads.engine import literal


def parts(column: Column, text: str) -> str | None:
    """SQL: the parts of a timestamp in the column's format, a struct of k0, k1 ... by its letters; None without one."""
    if column.format is None:
        return None
    form = moments.form(column.format)
    names = ", ".join(f"'k{index}'" for index in range(len(form.letters)))
    return f"regexp_extract({text}, {literal(f'^(?:{form.pattern})$')}, [{names}])"


def made(column: Column, text: str, found: str) -> str | None:
    """SQL: a trimmed text in the usual form, null where it is in none that is read; None if the column has no other.

    `found` is what `parts` says of it.
    """
    if not numerals.is_plain(column):
        return number(column, text)
    if moments.is_plain(column):
        return None
    if column.format is not None:
        form = moments.form(column.format)
        is_in_form, joined = _matches(text, form.pattern), _joined(form, found)
    elif column.epoch is not None:
        is_in_form, joined = _matches(text, moments.EPOCH), text
    else:
        return text
    return f"CASE WHEN {is_in_form} THEN {joined} WHEN {_has_offset(text)} THEN {text} END"


def number(column: Column, text: str) -> str:
    """SQL: the plain number that a text is in the column's form, null where it is none; of a plain column the text."""
    if numerals.is_plain(column):
        return text
    signs = numerals.signs(column)
    plain = f"translate({text}, {literal(signs + '-')}, '.')"
    minus = f"CASE WHEN starts_with({text}, '-') OR ends_with({text}, '-') THEN '-' ELSE '' END"
    # an exponent has a minus of its own
    exponent = f"contains(lower({text}), 'e')"
    kept = f"translate({text}, {literal(signs)}, '.')"
    return (
        f"CASE WHEN {_matches(text, numerals.pattern(column))} THEN "
        f"CASE WHEN {exponent} THEN {kept} ELSE {minus} || {plain} END END"
    )


def moment(column: Column, text: str) -> str:
    """SQL: the timestamp with time zone of a text that `made` has made, null where it is none."""
    utc = f"TRY_CAST({text} AS TIMESTAMP WITH TIME ZONE)"
    read = utc if column.timezone is None else _local(column.timezone, text, utc)
    iso = f"WHEN {_matches(text, moments.TIMESTAMP)} THEN {read}"
    if column.epoch is None:
        return f"CASE {iso} END"
    since = of_number(column, f"CAST({text} AS DECIMAL(24, 9))")
    return f"CASE WHEN {_matches(text, moments.EPOCH)} THEN {since} {iso} END"


def of_number(column: Column, value: str) -> str:
    """SQL: the timestamp of a number of the column's `epoch`, null beyond the years 1 to 9999 and of NaN."""
    factor = moments.EPOCHS[column.epoch or "seconds"]
    low, high = moments.FIRST * factor, (moments.LAST + 1) * factor
    microseconds = f"CAST(floor({value} * {1_000_000 // factor}) AS BIGINT)"
    moment = f"timezone('UTC', make_timestamp({microseconds}))"
    return f"CASE WHEN {value} >= {low} AND {value} < {high} THEN {moment} END"


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {literal(pattern)})"


def _has_offset(text: str) -> str:
    """SQL: whether ISO 8601 says how far it is from UTC (`moments.has_offset`)."""
    return f"regexp_matches(substring({text}, 11), '[Z+-]')"


def _local(zone: str, text: str, utc: str) -> str:
    """SQL: ISO 8601 as a moment, in the time of a place where it says no offset; null where clocks skip it."""
    local = f"CAST({text} AS TIMESTAMP)"
    moment = f"timezone({literal(zone)}, {local})"
    exists = f"timezone({literal(zone)}, {moment}) = {local}"
    years = f"{moment} BETWEEN to_timestamp({moments.FIRST}) AND to_timestamp({moments.LAST + 1})"
    legal = f"TRY_CAST({text} AS TIMESTAMP) IS NOT NULL"
    told = f"CASE WHEN {legal} THEN CASE WHEN {exists} AND {years} THEN {moment} END END"
    return f"CASE WHEN {_has_offset(text)} THEN {utc} ELSE {told} END"


def _joined(form: moments.Form, found: str) -> str:
    """SQL: ISO 8601 of the parts of a timestamp; of no month one that does not exist."""
    part = {letter: f"{found}.k{index}" for index, letter in enumerate(form.letters)}

    def padded(text: str) -> str:
        return f"lpad({text}, 2, '0')"

    if "Y" in part:
        year = part["Y"]
    else:
        year = f"CASE WHEN {part['y']} < '{moments.PIVOT}' THEN '20' ELSE '19' END || {part['y']}"
    hour = part.get("H", "'0'")
    if "I" in part:
        noon = f"CASE WHEN lower({part['p']}) = 'pm' THEN 12 ELSE 0 END"
        hour = f"CAST(CAST({part['I']} AS INTEGER) % 12 + {noon} AS VARCHAR)"
    clock = " || ':' || ".join(padded(text) for text in (hour, part.get("M", "'0'"), part.get("S", "'0'")))
    rest = [f"'.' || {part['f']}"] if "f" in part else []
    rest += [part["z"]] if "z" in part else []
    day = f"{year} || '-' || {padded(_month(part))} || '-' || {padded(part['d'])}"
    return " || ".join([f"{day} || 'T' || {clock}", *rest])


def _month(part: dict[str, str]) -> str:
    if "m" in part:
        return part["m"]
    names = [name[:3] for name in moments.MONTHS] if "b" in part else moments.MONTHS
    listed = ", ".join(map(literal, names))
    return f"CAST(coalesce(list_position([{listed}], lower({part.get('b', part.get('B', ''))})), 0) AS VARCHAR)"
