"""Instance families for a load: the cheapest type of each that holds the model and answers in time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from automation.advisor.load import Load
from contracts import instances
from contracts.advice import Needs
from contracts.advice.capacity import MOST_INSTANCES, request_ms
from contracts.advice.rules import memory_mb
from contracts.instances import Instance, Use
from contracts.prices import HOURS_A_MONTH, PriceError, price

#: Share of an instance's cores that the load may take: the rest is for its unevenness, and the loss of a neighbour.
BUSY: Final = 0.5
#: Fewest instances while most requests come: over two zones.
LEAST: Final = 2


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Instances of one type: how many for a load, and what an hour of one costs."""

    family: str
    type: str
    takes_rps: float
    usd_hour: float
    seen: bool

    def count(self, rps: float, least: int = 1) -> int:
        """Instances for so many requests a second."""
        return max(least, math.ceil(rps / self.takes_rps))

    def by_day(self, load: Load) -> int:
        """Instances that work off in a day what a day of the load brings, all their cores busy."""
        return max(1, math.ceil(load.requests / HOURS_A_MONTH / 3600 / (self.takes_rps / BUSY)))

    def most(self, needs: Needs, use: Use) -> int:
        """Instances at once for what is needed: while most requests come, or for a run."""
        return self.by_day(Load.of(needs)) if use == "transform" else self.count(needs.rps, LEAST)


def _cpu(found: Instance) -> bool:
    return not found.accelerators and found.architecture == "x86_64" and found.price_class != "burstable"


#: Families by what tells them apart. Trainium and Gaudi train; of AWS's chips Inferentia serves.
FAMILIES: Final[Mapping[str, Callable[[Instance], bool]]] = {
    "CPU": _cpu,
    "Graviton": lambda found: not found.accelerators and found.architecture == "arm64",
    "GPU": lambda found: found.accelerator in {"T4", "L4", "A10G", "L40S", "A100", "V100"},
    "Inferentia": lambda found: found.accelerator in {"Inferentia", "Inferentia2"},
}


def fleets(needs: Needs, region: str, *, accelerators: bool, models: int = 1, use: Use = "endpoint") -> list[Fleet]:
    """The cheapest fleet of each family for the peak of needs, with so many models in memory: of types for this use,
    and of no more instances than a stack may name.
    """
    found: list[Fleet] = []
    for family in _families(accelerators):
        able = [
            fleet for fleet in _able(needs, region, family, models, use) if fleet.most(needs, use) <= MOST_INSTANCES
        ]
        if able:
            found.append(min(able, key=lambda fleet: (fleet.count(needs.rps, LEAST) * fleet.usd_hour, fleet.type)))
    return found


def fewest(needs: Needs, region: str, *, accelerators: bool, models: int = 1, use: Use = "endpoint") -> int | None:
    """Instances of one type that the needs take at least, however many a stack may name; None where no type is able."""
    every = (_able(needs, region, family, models, use) for family in _families(accelerators))
    return min((fleet.most(needs, use) for able in every for fleet in able), default=None)


def _families(accelerators: bool) -> list[str]:
    return [family for family in FAMILIES if accelerators or family not in {"GPU", "Inferentia"}]


def _able(needs: Needs, region: str, family: str, models: int, use: Use) -> Iterator[Fleet]:
    for found in instances.table().values():
        if not FAMILIES[family](found) or use not in found.used_for:
            continue
        if (takes := request_ms(needs, found.accelerator)) is None or (
            needs.p99_ms is not None and takes > needs.p99_ms
        ):
            continue
        if memory_mb(needs) + needs.model_mb * (models - 1) > found.memory_gib * 1024:
            continue
        try:
            paid = price("sagemaker", f"instance {found.type}", region)
        except PriceError:
            continue  # nobody has its price: it cannot be ranked
        units = found.accelerators or found.vcpus
        yield Fleet(
            family=family,
            type=found.type,
            takes_rps=units * BUSY * 1000 / takes,
            usd_hour=paid.usd,
            seen=paid.seen,
        )
