"""Instance families for a load: the cheapest type of each that holds the model and answers in time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from contracts import instances
from contracts.advice import Needs
from contracts.advice.frameworks import core_ms, frameworks
from contracts.advice.rules import memory_mb
from contracts.instances import Instance, Use
from contracts.prices import PriceError, price

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
    """The cheapest fleet of each family for the peak of needs, with so many models in memory, of types for this use."""
    found: list[Fleet] = []
    for family, belongs in FAMILIES.items():
        if not accelerators and family in {"GPU", "Inferentia"}:
            continue
        able = list(_able(needs, region, family, belongs, models, use))
        if able:
            found.append(min(able, key=lambda fleet: (fleet.count(needs.rps, LEAST) * fleet.usd_hour, fleet.type)))
    return found


def _able(
    needs: Needs, region: str, family: str, belongs: Callable[[Instance], bool], models: int, use: Use
) -> Iterator[Fleet]:
    for found in instances.table().values():
        request_ms = _request_ms(needs, family)
        if not belongs(found) or use not in found.used_for or request_ms is None:
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
            takes_rps=units * BUSY * 1000 / request_ms,
            usd_hour=paid.usd,
            seen=paid.seen,
        )


def _request_ms(needs: Needs, family: str) -> float | None:
    """Time of a request on one core or accelerator of a family; None where it is of no use or too slow."""
    scoring = frameworks()[needs.framework]
    if family == "GPU":
        found = scoring.gpu_ms
    elif family == "Inferentia":
        found = scoring.gpu_ms if scoring.inferentia else None
    else:
        found = core_ms(needs)
    return found if found is not None and (needs.p99_ms is None or found <= needs.p99_ms) else None
