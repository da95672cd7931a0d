"""Advice as a table for a terminal, with the reasons below it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from io import StringIO
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from automation.advisor.advice import Alternative
from automation.operations.recommending import Measured

_WIDTH: Final = 140


def as_text(alternatives: Sequence[Alternative]) -> str:
    """A row for what can be done, the reasons below with the rows that they are of, then what cannot and why."""
    able = [each for each in alternatives if each.usd is not None]
    if not able:
        return "\n".join([_nothing(alternatives), "", *_refused(alternatives)])
    return "\n".join([_table(able), "", *_reasons(able), *_refused(alternatives)])


def as_measured(measured: Sequence[Measured]) -> str:
    """A row for each type of instance that was measured, the cheapest request first."""
    columns = ("instance", "count", "requests a minute", "latency ms", "USD an hour", "USD a million")
    rows = [
        (
            each.instance_type,
            str(each.count),
            f"{each.requests_a_minute:,}",
            f"{each.latency_ms:,.1f}",
            f"{each.usd_hour:,.3f}",
            f"{each.usd_million:,.2f}",
        )
        for each in measured
    ]
    return _rendered(columns, rows, left={"instance"})


def _table(able: Sequence[Alternative]) -> str:
    columns = ("", "target", "family", "size", "USD a month", "pricing", "scales by")
    rows = [
        (
            str(number),
            each.target if each.offered else f"{each.target}*",
            each.family,
            each.size,
            f"{'~' if each.from_memory else ''}{each.usd or 0:,.2f}",
            each.pricing,
            each.scaling,
        )
        for number, each in enumerate(able, 1)
    ]
    return _rendered(columns, rows, left={"target", "family", "size", "pricing", "scales by"})


def _nothing(alternatives: Sequence[Alternative]) -> str:
    """That no target is able, the needs that rule them out, the most first, and which to change first."""
    refusals = [{finding.need: finding.found for finding in each.told("refuses")} for each in alternatives]
    found = {need: value for each in refusals for need, value in each.items()}
    against = Counter(need for each in refusals for need in each).most_common()
    alone = Counter(need for each in refusals if len(each) == 1 for need in each).most_common(1)
    told = ", ".join(f"{need} {found[need]} rules out {count} of {len(refusals)}" for need, count in against)
    first = "".join(f"of {count} nothing but {need} does: change it first" for need, count in alone)
    return f"no target meets these needs: {told}; {first or 'two or more rule out each: change more than one'}"


def _rendered(columns: Sequence[str], rows: Iterable[Sequence[str]], left: Container[str]) -> str:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column in left else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    out = StringIO()
    Console(file=out, width=_WIDTH, color_system=None, markup=False, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _reasons(able: Sequence[Alternative]) -> Iterator[str]:
    if any(not each.offered for each in able):
        yield "* not offered yet"
    rows: dict[str, list[str]] = {}
    for number, each in enumerate(able, 1):
        for finding in each.findings:
            said = f"{finding.need}: found {finding.found}; {finding.reason} ({finding.source})"
            rows.setdefault(said, []).append(str(number))
    yield from (f"{', '.join(numbers)}  {said}" for said, numbers in rows.items())


def _refused(alternatives: Sequence[Alternative]) -> Iterator[str]:
    for each in alternatives:
        for finding in each.told("refuses"):
            yield (
                f"no {each.target}: {finding.need}: found {finding.found}; allowed: {finding.allowed}; "
                f"{finding.reason} ({finding.source})"
            )
