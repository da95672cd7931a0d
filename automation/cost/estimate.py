"""The monthly cost of a stack, line by line, and what a change of the stack changes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from automation.cost.charge import Context
from automation.cost.document import Document, Resource
from automation.cost.rules import FREE, RULES
from automation.cost.traffic import Traffic
from automation.operations.errors import PolicyViolationError, RefusedError
from contracts.prices import PriceError, price

#: No resources of AWS: they only hold others, or know how to reach them.
_FRAMES: Final = ("mlplatform:", "awsx:", "pulumi:")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One use of a priced item by one resource. `quantity` and `usd` are of a month, `price` is of one `unit`."""

    workload: str
    component: str
    resource: str
    type: str
    service: str
    item: str
    traffic: bool
    quantity: float
    unit: str
    price: float
    usd: float
    seen: bool


@dataclass(frozen=True, kw_only=True)
class Sum:
    """What some lines cost together; `from_memory` is what of it rests on prices that were not seen."""

    workload: str
    component: str
    fixed: float
    traffic: float
    from_memory: float

    @property
    def usd(self) -> float:
        """Both together."""
        return self.fixed + self.traffic


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a component costs before and after."""

    workload: str
    component: str
    before: float
    after: float

    @property
    def usd(self) -> float:
        """What it costs more."""
        return self.after - self.before


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A month of a stack."""

    stack: str
    region: str
    limit_usd: float | None
    assumed: Traffic
    lines: tuple[Line, ...]

    @property
    def total(self) -> Sum:
        """The whole stack."""
        return _sum("", "", self.lines)

    @property
    def components(self) -> list[Sum]:
        """Each component, those that everything stands on first."""
        places = sorted({(line.workload, line.component) for line in self.lines})
        return [
            _sum(*place, (each for each in self.lines if (each.workload, each.component) == place)) for place in places
        ]

    def check(self) -> None:
        """Raises PolicyViolationError where the month costs more than the stack may."""
        if self.limit_usd is not None and self.total.usd > self.limit_usd:
            raise PolicyViolationError(
                f"cost: found {self.total.usd:.2f} USD a month; allowed: {self.limit_usd:g} "
                f"(cost.monthly_limit_usd of stack {self.stack}); take less of what its lines name, or raise the limit"
            )

    def as_json(self) -> dict[str, Any]:
        """The form that programs read (docs/cost.md)."""
        return {
            "stack": self.stack,
            "region": self.region,
            "limit_usd": self.limit_usd,
            "assumed": self.assumed.model_dump(),
            "total": _figures(self.total),
            "components": [
                {"workload": each.workload, "component": each.component, **_figures(each)} for each in self.components
            ],
            "lines": [_rounded(asdict(line)) for line in self.lines],
        }


def estimate(document: Document, traffic: Traffic | None = None) -> Estimate:
    """What a month of a stack costs.

    Raises RefusedError with every resource whose type has no rule, and every item without a price.
    """
    context = Context(document, traffic or Traffic())
    faults: list[str] = []
    lines = [line for resource in document.resources for line in _lines(resource, context, faults)]
    if faults:
        raise RefusedError("\n".join(["the cost of the stack is not known:", *(f"  {fault}" for fault in faults)]))
    return Estimate(
        stack=document.stack,
        region=document.region,
        limit_usd=document.limit_usd,
        assumed=context.traffic,
        lines=tuple(sorted(lines, key=lambda line: (line.workload, line.component, line.resource))),
    )


def changes(before: Estimate, after: Estimate) -> list[Change]:
    """The components whose cost differs by a cent or more, the largest change first."""
    old, new = (
        {(each.workload, each.component): each.usd for each in estimated.components} for estimated in (before, after)
    )
    found = [
        Change(workload=workload, component=component, before=old.get(place, 0), after=new.get(place, 0))
        for place in sorted(old.keys() | new.keys())
        for workload, component in [place]
    ]
    return sorted((each for each in found if abs(each.usd) >= 0.005), key=lambda each: -abs(each.usd))


def changes_as_json(before: Estimate, after: Estimate) -> dict[str, Any]:
    """The difference as programs read it (docs/cost.md)."""
    return {
        "before": round(before.total.usd, 2),
        "after": round(after.total.usd, 2),
        "change": round(after.total.usd - before.total.usd, 2),
        "components": [
            {
                "workload": each.workload,
                "component": each.component,
                "before": round(each.before, 2),
                "after": round(each.after, 2),
                "change": round(each.usd, 2),
            }
            for each in changes(before, after)
        ],
    }


def _lines(resource: Resource, context: Context, faults: list[str]) -> Iterator[Line]:
    if resource.type in FREE or resource.type.startswith(_FRAMES):
        return
    rule = RULES.get(resource.type)
    if rule is None:
        faults.append(f"{resource.name}: type {resource.type} has no rule; give it one in automation/cost/rules")
        return
    for charge in rule(resource, context):
        if not charge.quantity:
            continue
        try:
            found = price(charge.service, charge.item, context.document.region)
        except PriceError as error:
            faults.append(f"{resource.name} ({resource.type}): {error}")
            continue
        yield Line(
            workload=resource.workload,
            component=resource.component,
            resource=resource.name,
            type=resource.type,
            service=charge.service,
            item=charge.item,
            traffic=charge.traffic,
            quantity=charge.quantity,
            unit=found.unit,
            price=found.usd,
            usd=charge.quantity * found.usd,
            seen=found.seen,
        )


def _sum(workload: str, component: str, lines: Iterable[Line]) -> Sum:
    all_of_them = list(lines)
    return Sum(
        workload=workload,
        component=component,
        fixed=sum(line.usd for line in all_of_them if not line.traffic),
        traffic=sum(line.usd for line in all_of_them if line.traffic),
        from_memory=sum(line.usd for line in all_of_them if not line.seen),
    )


def _rounded(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line without the noise of binary fractions; the smallest price has seven places."""
    return {name: round(value, 10) if isinstance(value, float) else value for name, value in line.items()}


def _figures(total: Sum) -> Mapping[str, float]:
    return {
        "fixed": round(total.fixed, 2),
        "traffic": round(total.traffic, 2),
        "usd": round(total.usd, 2),
        "from_memory": round(total.from_memory, 2),
    }
