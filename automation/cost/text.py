"""An estimate as tables for a terminal. A `~` marks what rests on prices from memory."""

from __future__ import annotations

from io import StringIO
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from automation.cost.estimate import Change, Estimate, Sum

_WIDTH: Final = 120
#: What stands where there is no workload.
GROUND: Final = "ground"


def by_component(estimate: Estimate) -> str:
    """A row a component, and the sum."""
    table = _table("", "component", "fixed", "traffic", "USD a month", "of it ~")
    before = ""
    for each in estimate.components:
        place = each.workload or GROUND
        table.add_row(place if place != before else "", each.component, *_figures(each))
        before = place
    table.add_section()
    table.add_row("", f"{estimate.stack}, {estimate.region}", *_figures(estimate.total))
    return _rendered(table)


def line_by_line(estimate: Estimate) -> str:
    """A row a line, those below half a cent together."""
    table = _table("component", "resource", "item", "quantity", "unit", "USD a month")
    shown = [line for line in estimate.lines if line.usd >= 0.005]
    for line in shown:
        cells = line.component, line.resource, line.item, f"{line.quantity:,.4g}", line.unit
        table.add_row(*cells, f"{'' if line.seen else '~'}{line.usd:,.2f}")
    if rest := [line.usd for line in estimate.lines if line.usd < 0.005]:
        table.add_row("", f"lines below half a cent: {len(rest)}", "", "", "", f"~{sum(rest):,.2f}")
    table.add_section()
    table.add_row("", f"{estimate.stack}, {estimate.region}", "", "", "", f"{estimate.total.usd:,.2f}")
    table.add_row("", "of it from memory", "", "", "", f"~{estimate.total.from_memory:,.2f}")
    return _rendered(table)


def by_change(changes: list[Change]) -> str:
    """A row a component whose cost changes, and the sum."""
    if not changes:
        return "no component's cost changes"
    table = _table("", "component", "before", "after", "change")
    for each in changes:
        table.add_row(each.workload or GROUND, each.component, *_change(each))
    table.add_section()
    table.add_row("", "", "", "", f"{sum(each.usd for each in changes):+.2f}")
    return _rendered(table)


def _figures(total: Sum) -> tuple[str, ...]:
    return tuple(f"{usd:,.2f}" for usd in (total.fixed, total.traffic, total.usd, total.from_memory))


def _change(change: Change) -> tuple[str, str, str]:
    return f"{change.before:,.2f}", f"{change.after:,.2f}", f"{change.usd:+,.2f}"


_WORDS: Final = frozenset({"", "component", "resource", "item", "unit"})


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column in _WORDS else "right", no_wrap=column not in _WORDS)
    return table


def _rendered(table: Table) -> str:
    out = StringIO()
    Console(file=out, width=_WIDTH, color_system=None, markup=False, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())
