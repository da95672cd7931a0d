"""docs/cost.md: what the stacks of this project cost, line by line, and what that rests on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from automation.cost.cases import ADVISED, CASES, ENDPOINT, NAIVE
from automation.cost.document import Document
from automation.cost.estimate import Estimate, Line, Sum
from automation.cost.text import GROUND
from automation.cost.traffic import Traffic
from contracts.prices import price

#: Whose endpoints are laid side by side.
_COMPARED: Final = ("prod", ADVISED, NAIVE)
#: What stands between `<!-- name -->` and `<!-- /name -->` is written; all else is a person's.
_BLOCK: Final = re.compile(r"(<!-- ([^/>]+) -->)\n.*?(<!-- /\2 -->)", re.DOTALL)
_OF_LINE: Final = ("item", "quantity", "unit", "price", "USD")
_NUMBERS: Final = frozenset({"default", "fixed", "traffic", "USD a month", "of it ~", "quantity", "price", "USD"})


def page(text: str, documents: Mapping[str, Document]) -> str:
    """The page with its written blocks anew, given the synth of each of `DOCUMENTS` in us-east-1."""
    found = {title: case.estimate(documents) for title, case in CASES.items()}
    blocks = {
        "short": _table(("", "USD a month", "of it ~"), _short(found)),
        "endpoints": _table(("", *_OF_LINE), _endpoints(found)),
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
    yield from _table(("component", "resource", *_OF_LINE), _lines(found.lines))


def _endpoints(found: Mapping[str, Estimate]) -> Iterator[tuple[str, ...]]:
    for title in _COMPARED:
        lines = [line for line in found[title].lines if line.type == ENDPOINT]
        for line in lines:
            yield title, *_cells(line)
        yield title, "**together**", "", "", "", _usd(sum(line.usd for line in lines))


def _lines(lines: Iterable[Line]) -> Iterator[tuple[str, ...]]:
    small = 0.0
    for line in lines:
        if line.usd < 0.005:
            small += line.usd
            continue
        yield line.component, line.resource, *_cells(line)
    yield "", "lines below half a cent", "", "", "", "", f"~{small:,.2f}"


def _cells(line: Line) -> tuple[str, ...]:
    mark = "" if line.seen else "~"
    return line.item, f"{line.quantity:,.4g}", line.unit, f"{mark}{line.price:.4g}", f"{mark}{line.usd:,.2f}"


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
