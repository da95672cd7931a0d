"""docs/cost.md: what the stacks of this project cost, line by line, and what that rests on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from automation.cost.document import Document
from automation.cost.estimate import Estimate, Line, Sum, estimate
from automation.cost.text import GROUND
from automation.cost.traffic import Traffic
from contracts.prices import price

#: Hours a month in which a stack for people who test is needed: 22 days of 10.
OFFICE_HOURS: Final = 220
STOPPED: Final = "staging, stopped"
#: What the page shows: the stack (or `STOPPED`) and its use.
CASES: Final[Mapping[str, tuple[str, Traffic]]] = {
    "prod": ("prod", Traffic()),
    "staging": ("staging", Traffic()),
    f"staging, {OFFICE_HOURS} hours": ("staging", Traffic(endpoint_hours=OFFICE_HOURS)),
    STOPPED: (STOPPED, Traffic()),
}
#: What stands between `<!-- name -->` and `<!-- /name -->` is written; all else is a person's.
_BLOCK: Final = re.compile(r"(<!-- ([^/>]+) -->)\n.*?(<!-- /\2 -->)", re.DOTALL)
_NUMBERS: Final = frozenset({"default", "fixed", "traffic", "USD a month", "of it ~", "quantity", "price", "USD"})


def with_endpoints(workloads: Mapping[str, Any], **settings: object) -> dict[str, Any]:
    """The workloads of a stack's config with these settings of every endpoint."""
    return {
        name: {
            **workload,
            "endpoints": {each: {**found, **settings} for each, found in workload["endpoints"].items()},
        }
        for name, workload in workloads.items()
    }


def page(text: str, documents: Mapping[str, Document]) -> str:
    """The page with its written blocks anew, given the synth of each stack of `CASES` in us-east-1."""
    found = {name: estimate(documents[stack], traffic) for name, (stack, traffic) in CASES.items()}
    blocks = {
        "short": _table(("", "USD a month", "of it ~"), _short(found)),
        **{name: _detail(each) for name, each in found.items()},
        "assumed": _table(("", "default", "what it is"), _assumed()),
        "prices": _prices(line for each in found.values() for line in each.lines),
    }
    return _BLOCK.sub(lambda block: f"{block[1]}\n{''.join(blocks[block[2]])}{block[3]}", text)


def _short(found: Mapping[str, Estimate]) -> Iterator[tuple[str, ...]]:
    for title, each in found.items():
        yield title, _usd(each.total.usd), _usd(each.total.from_memory)


def _detail(found: Estimate) -> Iterator[str]:
    columns = ("", "component", "fixed", "traffic", "USD a month", "of it ~")
    rows = [(each.workload or GROUND, each.component, *_sum(each)) for each in found.components]
    yield from _table(columns, [*rows, ("", "**together**", *_sum(found.total))])
    yield "\n"
    yield from _table(("component", "resource", "item", "quantity", "unit", "price", "USD"), _lines(found.lines))


def _lines(lines: Iterable[Line]) -> Iterator[tuple[str, ...]]:
    small = 0.0
    for line in lines:
        if line.usd < 0.005:
            small += line.usd
            continue
        mark = "" if line.seen else "~"
        quantity = f"{line.quantity:,.4g}"
        cells = line.component, line.resource, line.item, quantity, line.unit, f"{mark}{line.price:.4g}"
        yield *cells, f"{mark}{line.usd:,.2f}"
    yield "", "lines below half a cent", "", "", "", "", f"~{small:,.2f}"


def _assumed() -> Iterator[tuple[str, ...]]:
    for name, field in Traffic.model_fields.items():
        yield f"`{name}`", f"{field.default:,.10g}", " ".join((field.description or "").split())


def _prices(lines: Iterable[Line]) -> Iterator[str]:
    used = {(line.service, line.item) for line in lines}
    rows: list[tuple[str, ...]] = []
    for service, item in sorted(used):
        found = price(service, item)
        usd = f"{'' if found.seen else '~'}{found.usd:.4g}"
        rows.append((service, item, usd, found.unit, f"{found.read:%Y-%m-%d}", found.source))
    yield from _table(("service", "item", "USD", "a", "read", "source"), rows)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    marks = tuple("---:" if column in _NUMBERS else "---" for column in columns)
    for cells in (columns, marks, *rows):
        yield f"| {' | '.join(cells)} |\n"


def _sum(total: Sum) -> tuple[str, ...]:
    return _usd(total.fixed), _usd(total.traffic), _usd(total.usd), _usd(total.from_memory)


def _usd(usd: float) -> str:
    return f"{usd:,.2f}"
