"""`{kind: realtime}`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from settings.autoscaling import Autoscaling
from settings.endpoints.common import Fleet
from settings.faults import Fault
from settings.section import told


class Realtime(Fleet):
    """A real-time endpoint on instances of its own."""

    kind: Literal["realtime"] = "realtime"
    """The kind of endpoint."""
    capture_percent: int = Field(
        default=100,
        ge=0,
        le=100,
        json_schema_extra=told(cost="storage of the requests in S3", risk="0 blinds every monitor: drift goes unseen"),
    )
    """Share of requests captured for monitoring, in percent."""
    autoscaling: Autoscaling = Autoscaling()
    """How the number of instances follows the load."""

    @property
    def most_instances(self) -> int:
        """Most instances that a variant may ever have."""
        return self.autoscaling.maximum

    def faults(self) -> Iterator[Fault]:
        """What is wrong with any fleet, and one that is bigger than its limits."""
        yield from super().faults()
        if self.instance_count > (most := self.most_instances):
            advice = "lower the count or raise the maximum"
            yield Fault("instance_count", self.instance_count, f"at most autoscaling.maximum ({most})", advice)
