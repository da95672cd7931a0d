"""How many instances come and go at once where a metric crosses bounds: step scaling."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final, Literal

from pydantic import Field

from settings.faults import Fault
from settings.section import Section

#: Application Auto Scaling user guide, "Quotas": step adjustments of a policy.
_MOST: Final = 20


class StepOut(Section):
    """Instances that come above a bound."""

    above: int = Field(ge=1, le=1_000_000)
    """The bound, in the metric's unit."""
    add: int = Field(ge=1, le=100)
    """Instances that are added."""


class StepIn(Section):
    """Instances that go below a bound."""

    below: int = Field(ge=1, le=1_000_000)
    """The bound, in the metric's unit."""
    remove: int = Field(ge=1, le=100)
    """Instances that are removed."""


class Steps(Section):
    """Steps of capacity by a metric's bounds, for loads that jump: a target is approached, a step is taken at once."""

    metric: Literal["invocations_per_instance", "latency_ms", "cpu_percent"]
    """What is measured: invocations of an instance a minute, mean latency of the model, CPU in use."""
    scale_out: tuple[StepOut, ...] = Field(min_length=1, max_length=_MOST)
    """Bounds and what comes above each, the lowest first."""
    scale_in: tuple[StepIn, ...] = Field(default=(), max_length=_MOST)
    """Bounds and what goes below each, the highest first; none leave scaling in to others."""
    scale_out_minutes: int = Field(default=2, ge=1, le=60)
    """Minutes above the lowest bound before the first step out."""
    scale_in_minutes: int = Field(default=15, ge=1, le=60)
    """Minutes below the highest bound before the first step in."""

    def faults(self) -> Iterator[Fault]:
        """Bounds out of order, or that overlap: then instances would come and go by turns."""
        rising = [step.above for step in self.scale_out]
        falling = [step.below for step in self.scale_in]
        for path, bounds in (("scale_out", rising), ("scale_in", [-each for each in falling])):
            if any(one >= other for one, other in itertools.pairwise(bounds)):
                order = "the lowest bound first" if path == "scale_out" else "the highest bound first"
                yield Fault(path, [abs(each) for each in bounds], f"{order}, each once", "put them in order")
        if falling and falling[0] >= rising[0]:
            advice = "leave room between them, or instances come and go by turns"
            yield Fault("scale_in[0].below", falling[0], f"less than scale_out[0].above ({rising[0]})", advice)
