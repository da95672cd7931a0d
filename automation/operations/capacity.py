"""How much serves an endpoint, by hand: instances of a variant, copies of a component, tasks of a service, environments
that a function has warm. It holds until a policy, a schedule or the stack says otherwise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from automation.operations.errors import RefusedError
from contracts.kinds.kind import Kind
from contracts.names import EndpointNames
from contracts.release import CHAMPION
from contracts.release.component import Component
from contracts.release.ecs import Ecs
from contracts.release.lambda_ import ALIAS, Function
from contracts.release.live import Live
from contracts.release.lock import BusyError
from contracts.release.sagemaker import SageMaker

#: Gives a client of boto3's by its service.
Clients = Callable[[str], Any]


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """How many there were and will be of `unit`; `limits` are those between which it scales by itself, None where it
    does not."""

    variant: str
    unit: str
    before: int
    after: int
    limits: tuple[int, int] | None


@dataclass(frozen=True)
class _Capacity(ABC):
    """What is scaled of an endpoint. `unit` is its word for people, `namespace`, `dimension` and `resource` its name in
    Application Auto Scaling (API reference, RegisterScalableTarget, read 2026-11-30); fewer than `least` would end what
    serves.
    """

    endpoint: str
    client: Clients

    unit: ClassVar[str]
    namespace: ClassVar[str]
    dimension: ClassVar[str]
    least: ClassVar[int] = 0

    @abstractmethod
    def observe(self) -> Live | None:
        """The endpoint now; None when there is none."""

    @abstractmethod
    def resource(self, variant: str) -> str:
        """Id of the scalable target of a variant."""

    def counts(self, live: Live) -> dict[str, int]:
        """How many there are, by variant, of those that can be changed."""
        return dict(live.counts)

    @abstractmethod
    def change(self, variant: str, to: int) -> None:
        """Ask for so many."""


class _Variants(_Capacity):
    unit = "instances"
    namespace = "sagemaker"
    dimension = "sagemaker:variant:DesiredInstanceCount"

    def observe(self) -> Live | None:
        return SageMaker(self.endpoint, self.client("sagemaker")).observe()

    def resource(self, variant: str) -> str:
        return f"endpoint/{self.endpoint}/variant/{variant}"

    def counts(self, live: Live) -> dict[str, int]:
        # of a shadow SageMaker changes no count
        return {name: count for name, count in live.counts.items() if name in live.weights}

    def change(self, variant: str, to: int) -> None:
        self.client("sagemaker").update_endpoint_weights_and_capacities(
            EndpointName=self.endpoint,
            DesiredWeightsAndCapacities=[{"VariantName": variant, "DesiredInstanceCount": to}],
        )


class _Copies(_Capacity):
    unit = "copies"
    namespace = "sagemaker"
    dimension = "sagemaker:inference-component:DesiredCopyCount"

    def observe(self) -> Live | None:
        return Component(self.endpoint, self.client("sagemaker")).observe()

    def resource(self, variant: str) -> str:
        del variant
        return f"inference-component/{self.endpoint}"

    def change(self, variant: str, to: int) -> None:
        del variant
        self.client("sagemaker").update_inference_component_runtime_config(
            InferenceComponentName=self.endpoint, DesiredRuntimeConfig={"CopyCount": to}
        )


class _Tasks(_Capacity):
    unit = "tasks"
    namespace = "ecs"
    dimension = "ecs:service:DesiredCount"
    least = 1

    def observe(self) -> Live | None:
        return Ecs(self.endpoint, self.client("ecs")).observe()

    def resource(self, variant: str) -> str:
        del variant
        return f"service/{self.endpoint}/{self.endpoint}"

    def change(self, variant: str, to: int) -> None:
        del variant
        self.client("ecs").update_service(cluster=self.endpoint, service=self.endpoint, desiredCount=to)


class _Warm(_Capacity):
    unit = "warm environments"
    namespace = "lambda"
    dimension = "lambda:function:ProvisionedConcurrency"
    least = 1

    def observe(self) -> Live | None:
        return Function(self.endpoint, self.client("lambda"), self.client("codedeploy")).observe()

    def resource(self, variant: str) -> str:
        del variant
        return f"function:{self.endpoint}:{ALIAS}"

    def counts(self, live: Live) -> dict[str, int]:
        """RefusedError where none is kept warm: then there are as many as there are requests at once."""
        del live
        client = self.client("lambda")
        try:
            found = client.get_provisioned_concurrency_config(FunctionName=self.endpoint, Qualifier=ALIAS)
        except client.exceptions.ProvisionedConcurrencyConfigNotFoundException:
            raise RefusedError(
                f"endpoint {self.endpoint} keeps no environment warm, so Lambda starts as many as there are requests "
                "at once, up to max_concurrency: name provisioned_concurrency in the stack's file and run `up`, then "
                "scale it"
            ) from None
        return {CHAMPION: found["RequestedProvisionedConcurrentExecutions"]}

    def change(self, variant: str, to: int) -> None:
        del variant
        self.client("lambda").put_provisioned_concurrency_config(
            FunctionName=self.endpoint, Qualifier=ALIAS, ProvisionedConcurrentExecutions=to
        )


def scale(names: EndpointNames, kind: Kind, variant: str, to: int, *, client: Clients) -> Scaled:
    """Have an endpoint of that kind be served by `to`: the difference starts or ends, and what serves goes on serving.

    RefusedError for what has nothing of its own to scale, and for a number that autoscaling would correct at once, or
    that would end what serves; BusyError while the endpoint is on its way. Errors of AWS propagate.
    """
    what = _capacity(names, kind, client)
    before = _now(names, what, variant)
    limits = _limits(what, variant, client("application-autoscaling"))
    if limits and not limits[0] <= to <= limits[1]:
        between = f"{limits[0]} to {limits[1]}, between which {variant} of {names.prefix} scales now"
        raise RefusedError(
            f"--to: found {to}; allowed: {between}; "
            "choose such a number, or change autoscaling and its schedules in the stack's file"
        )
    if to < what.least:
        raise RefusedError(
            f"--to: found {to}; allowed: {what.least} or more {what.unit}; choose such a number, or `stop` the endpoint"
        )
    if before != to:
        what.change(variant, to)
    return Scaled(variant=variant, unit=what.unit, before=before, after=to, limits=limits)


def _capacity(names: EndpointNames, kind: Kind, client: Clients) -> _Capacity:
    if not kind.hosted:
        raise RefusedError(
            f"endpoint {names.prefix} is of kind {kind.name}: nothing of it runs between its runs; set the "
            "instances of a run, `instance_count`, in the stack's file and run `up`"
        )
    match kind.host:
        case "component":
            return _Copies(names.prefix, client)
        case "ecs":
            return _Tasks(names.prefix, client)
        case "lambda":
            return _Warm(names.prefix, client)
        case "sagemaker" if kind.has_instances:
            return _Variants(names.prefix, client)
        case "sagemaker":
            raise RefusedError(
                f"endpoint {names.prefix} is of kind {kind.name}: SageMaker starts what its requests need; set "
                "`max_concurrency`, or what is kept warm, `provisioned_concurrency`, in the stack's file and run `up`"
            )


def _now(names: EndpointNames, what: _Capacity, variant: str) -> int:
    live = what.observe()
    if live is None:
        raise RefusedError(f"endpoint {names.prefix} is not there: it has no release yet, or is stopped (`wake`)")
    if live.in_progress:
        raise BusyError(f"endpoint {names.prefix} is {live.status}; wait until it is done, then try again")
    counts = what.counts(live)
    if variant not in counts:
        raise RefusedError(
            f"--variant: found {variant}; allowed: {', '.join(counts) or 'none'}; name a variant that serves"
        )
    return counts[variant]


def _limits(what: _Capacity, variant: str, scaling: Any) -> tuple[int, int] | None:
    found = scaling.describe_scalable_targets(
        ServiceNamespace=what.namespace, ScalableDimension=what.dimension, ResourceIds=[what.resource(variant)]
    )["ScalableTargets"]
    return (found[0]["MinCapacity"], found[0]["MaxCapacity"]) if found else None
