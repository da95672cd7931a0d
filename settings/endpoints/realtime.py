"""`{kind: realtime}`, and what fleets have that answer while they are asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self

from contracts import instances
from settings.autoscaling import Autoscaling
from settings.endpoints.common import Fleet, RequestAlarms, overrun
from settings.faults import Fault
from settings.schedules import in_zone


class RequestFleet(Fleet):
    """A fleet whose size follows the requests."""

    alarms: RequestAlarms = RequestAlarms()  # pyright: ignore[reportIncompatibleVariableOverride] - sections are frozen
    """When its alarms go off."""
    autoscaling: Autoscaling = Autoscaling()
    """How the number of instances follows the load."""

    @property
    def most_instances(self) -> int | None:
        """Most instances that autoscaling may ever give a variant; None where people alone decide that."""
        return self.autoscaling.most

    def of_challenger(self, percent: int) -> Self:
        """As it is for a challenger with `percent` of the requests; just as it is where challengers do not scale."""
        if not self.autoscaling.challenger:
            return self
        return self.model_copy(update={"autoscaling": self.autoscaling.of_share(percent, self._least_of_share)})

    @property
    def least_instances(self) -> int | None:
        """Fewest instances that autoscaling may ever leave the champion; None where people alone decide that."""
        return self.autoscaling.least

    @property
    def stages(self) -> tuple[str, ...]:
        """The containers that a request passes one after the other; none where there is but one."""
        return ()

    def in_zone(self, timezone: str) -> Mapping[str, Any]:
        """Its scaling, by the clock of the stack's zone."""
        return {"autoscaling": in_zone(self.autoscaling, timezone)}

    def faults(self) -> Iterator[Fault]:
        """As of any fleet, and more requests than its instances could serve."""
        yield from super().faults()
        its, most = instances.instance(self.instance_type), self.most_instances
        if most is not None:
            units = its.accelerators or its.vcpus
            yield from overrun(self.needs, most, units, its.accelerator, of=f"x {self.instance_type}")


class Realtime(RequestFleet):
    """A real-time endpoint on instances of its own."""

    kind: Literal["realtime"] = "realtime"
    """The kind of endpoint."""
