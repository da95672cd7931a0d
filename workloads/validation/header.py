"""The names in a delivered file, held against those of the contract: which column of the file is which."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence

from contracts.schema import Column, Contract, EventTime
from workloads.validation.verdict import FileFault, Finding, RefusedError


def names_of(column: Column) -> tuple[str, ...]:
    """How a file may call `column`: by its source name, or as the contract does."""
    return (column.name,) if column.source is None else (column.source.strip(), column.name)


def places(names: Sequence[str], contract: Contract) -> tuple[int | None, ...]:
    """The position in `names` of each of the contract's columns; None where the event time is that of the delivery.

    Raises RefusedError when a name occurs twice, or a column is missing or occurs under both its names.
    """
    found: list[int | None] = []
    # duckdb compares names without case, so two that differ only in case are two of the same to everything downstream
    folded = Counter(name.casefold() for name in names)
    repeated = sorted({name for name in names if name and folded[name.casefold()] > 1})
    findings = [_twice(repeated)] if repeated else []
    for column in contract.columns:
        if column.name == contract.event_time and contract.event_time_from is EventTime.DELIVERY:
            found.append(None)
            continue
        given = [name for name in names_of(column) if name in names]
        if len(given) > 1:
            findings.append(_twice(given))
        elif not given:
            findings.append(_missing(column, names, is_event_time=column.name == contract.event_time))
        found.append(names.index(given[0]) if given else None)
    if findings:
        raise RefusedError(*findings)
    return tuple(found)


def unknown(names: Sequence[str], used: Sequence[int | None]) -> tuple[str, ...]:
    """The names in a file that are no column of the contract."""
    return tuple(name for index, name in enumerate(names) if index not in used)


def _twice(names: Sequence[str]) -> Finding:
    text = f"column {quoted(names)} occurs more than once in the header; give each column one name"
    return Finding(code=FileFault.DUPLICATE_COLUMN, text=text)


def _missing(column: Column, names: Sequence[str], *, is_event_time: bool) -> Finding:
    called = " or ".join(map(repr, names_of(column)))
    near = [match for name in names_of(column) for match in difflib.get_close_matches(name, names, n=1, cutoff=0.75)]
    hint = f" ({near[0]!r} is near)" if near else ""
    text = (
        f"column {called} is missing{hint}; the file has {quoted(names)}; deliver it with every column of the contract"
    )
    remedies = (
        [] if column.source else [f"if the file calls it otherwise, give that name as columns.{column.name}.source"]
    )
    remedies += ["if the data has none, write event_time: {from: delivery}"] if is_event_time else []
    return Finding(code=FileFault.MISSING_COLUMN, text="; ".join([text, *remedies]))


def quoted(names: Sequence[str], most: int = 30) -> str:
    """Names in a sentence; of many the first ones."""
    shown = ", ".join(repr(name[:100]) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
