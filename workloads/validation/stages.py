"""The statement that judges rows: SQL projections on top of each other, each of which has what the next reads.

The engine evaluates an expression as often as it is written, so what is used more than once is a column of its own.
For the column at position 0 of a contract the projections are, from the file on:

    r0   what was delivered
    q0   the value of a text that is usual (`usual`), if it is one
    u0   whether it is
    p0   a text that is not, without blanks at its ends; what is no text, as it is
    d0   that, and null where it is a mark of missing values
    g0   the parts of a timestamp in a form of its own, w0   a text that was in one, in the usual form (`forms`)
    c0   the value, m0   the mark
    f0   its fault
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts import labels
from contracts.schema import Column, Contract
from workloads.validation import forms, repeated, rules, usual
from workloads.validation.verdict import FileFault, Finding, RefusedError

# ruff: noqa: S608 -- SQL here is made of positions (c0, t0) and of what engine.identifier and engine.literal quote


@dataclass(frozen=True, kw_only=True)
class _Stages:
    """What one column adds to each projection, from the file on, and its text where a row has a fault."""

    read: str
    told: str
    trimmed: str
    present: str
    made: str
    typed: str
    fault: str
    text: str


def judged(contract: Contract, clock: rules.Clock, types: Sequence[str], rows: str) -> str:
    """SQL: `rows` (SQL after FROM, columns `row` and r0, r1 ... of `types`) as `tables` describes `judged`.

    RefusedError with every column of a type that cannot be read.
    """
    wrong: list[Finding] = []
    stages: list[_Stages] = []
    for index, (column, kind) in enumerate(zip(contract.columns, types, strict=True)):
        found = _stages(contract, column, index, kind, clock)
        if found is None:
            told = f"column {column.name} is of type {kind}, which cannot be read as {rules.expected(column)}"
            wrong.append(Finding(code=FileFault.WRONG_TYPE, text=f"{told}; deliver it as such"))
        else:
            stages.append(found)
    if wrong:
        raise RefusedError(*wrong)
    positions = range(len(stages))
    faults = [f"f{index}" for index in positions]
    marks = [f"CASE WHEN m{index} IS NOT NULL THEN {{'column': {index}, 'mark': m{index}}} END" for index in positions]
    projections = [
        [each.read for each in stages],
        [each.told for each in stages],
        [each.trimmed for each in stages],
        [each.present for each in stages],
        [each.made for each in stages],
        [each.typed for each in stages],
        [each.fault for each in stages],
        [f"{_listed(faults, faults)} AS faults", f"{_listed([f'm{index}' for index in positions], marks)} AS marked"],
    ]
    for projection in projections:
        added = ", ".join(filter(None, projection))
        rows = f"(SELECT *{', ' * bool(added)}{added} FROM {rows})"
    values = ", ".join(f"c{index}" for index in positions)
    texts = f"CASE WHEN faults IS NOT NULL THEN [{', '.join(each.text for each in stages)}] END AS texts"
    once = f"CASE WHEN faults IS NULL THEN hash({repeated.key(contract)}) END AS hash"
    return f"SELECT row, faults, marked, {once}, {values}, {texts} FROM {rows}"


def _stages(contract: Contract, column: Column, index: int, kind: str, clock: rules.Clock) -> _Stages | None:
    """The stages of the column at position `index`; None where values of its type cannot be read."""
    raw, is_text = f"r{index}", rules.family(kind) == "text"
    glance = usual.value(column, raw) if kind == "VARCHAR" else None
    parts = forms.parts(column, f"p{index}") if is_text else None
    made = forms.made(column, f"d{index}", f"g{index}") if is_text else None
    value = rules.typed(column, f"d{index}", kind, None if made is None else f"w{index}")
    if value is None:
        return None
    trimmed = rules.trimmed(raw, kind)
    missing = rules.is_missing(column, f"p{index}", kind)
    mark = f"CASE WHEN d{index} IS NULL THEN nullif(p{index}, '') END" if is_text else "CAST(NULL AS VARCHAR)"
    text = f"coalesce({f'd{index}' if is_text else f'CAST(d{index} AS VARCHAR)'}, m{index})"
    absent, rest, told = f"d{index} IS NULL", trimmed, ""
    if glance is not None:
        told = f"{usual.is_usual(column, raw, f'q{index}')} AS u{index}"
        rest = f"CASE WHEN u{index} THEN NULL ELSE {trimmed} END"
        value = f"CASE WHEN u{index} THEN q{index} ELSE {value} END"
        text = f"CASE WHEN u{index} THEN {trimmed} ELSE {text} END"
        absent = f"c{index} IS NULL AND d{index} IS NULL"
    fault = rules.fault(
        column,
        f"c{index}",
        absent,
        text,
        f"m{index}",
        is_event_time=column.name == contract.event_time,
        clock=clock,
        learnable=labels.learnable(contract) if column.name == contract.label else None,
    )
    return _Stages(
        read="" if glance is None else f"{glance} AS q{index}",
        told=told,
        trimmed=f"{rest} AS p{index}",
        present=f"CASE WHEN {missing} THEN NULL ELSE p{index} END AS d{index}"
        + ("" if parts is None else f", {parts} AS g{index}"),
        made="" if made is None else f"{made} AS w{index}",
        typed=f"{value} AS c{index}, {mark} AS m{index}",
        fault=f"{fault} AS f{index}",
        text=text,
    )


def _listed(names: list[str], values: list[str]) -> str:
    """SQL: those of `values` that are not null as a list, or null if there is none, which `names` tell cheaply."""
    any_of = " OR ".join(f"{name} IS NOT NULL" for name in names)
    return f"CASE WHEN {any_of} THEN list_filter([{', '.join(values)}], lambda item: item IS NOT NULL) END"
