"""How many instances of a variant there are, by hand: now, until a policy or a schedule says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from automation.operations.errors import RefusedError
from automation.operations.unscaling import scalable
from contracts.names import EndpointNames
from contracts.release.live import Live
from contracts.release.lock import BusyError
from contracts.release.sagemaker import SageMaker


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """Instances before and after; `limits` are those between which the variant scales by itself, None where it does
    not."""

    variant: str
    before: int
    after: int
    limits: tuple[int, int] | None


def scale(names: EndpointNames, variant: str, to: int, *, sagemaker: Any, scaling: Any) -> Scaled:
    """Have a variant be `to` instances: SageMaker starts or ends the difference, and what serves goes on serving.

    RefusedError for a variant that has no instances of its own, and for a number that autoscaling would correct at
    once; BusyError while the endpoint is on its way.
    """
    live = _live(names, variant, SageMaker(names.prefix, sagemaker).observe())
    limits = _limits(names, variant, scaling)
    if limits and not limits[0] <= to <= limits[1]:
        between = f"{limits[0]} to {limits[1]}, between which {variant} of {names.prefix} scales now"
        raise RefusedError(
            f"--to: found {to}; allowed: {between}; "
            "choose such a number, or change autoscaling and its schedules in the stack's file"
        )
    before = live.counts[variant]
    if before != to:
        wanted = [{"VariantName": variant, "DesiredInstanceCount": to}]
        sagemaker.update_endpoint_weights_and_capacities(EndpointName=names.prefix, DesiredWeightsAndCapacities=wanted)
    return Scaled(variant=variant, before=before, after=to, limits=limits)


def _live(names: EndpointNames, variant: str, live: Live | None) -> Live:
    if live is None:
        raise RefusedError(f"endpoint {names.prefix} is not there: it has no release yet, or is stopped (`wake`)")
    if live.in_progress:
        raise BusyError(f"endpoint {names.prefix} is {live.status}; wait until it is done, then try again")
    production = [each for each in live.counts if each in live.weights]  # of a shadow SageMaker changes no count
    if variant not in production:
        with_instances = ", ".join(production) or "none: its kind has no instances of its own"
        raise RefusedError(f"--variant: found {variant}; allowed: {with_instances}; name a variant that serves")
    return live


def _limits(names: EndpointNames, variant: str, scaling: Any) -> tuple[int, int] | None:
    found = scalable(names, [variant], scaling).get(variant)
    return (found["MinCapacity"], found["MaxCapacity"]) if found else None
