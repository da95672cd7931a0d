"""What an endpoint on Fargate costs: its tasks by the hour, the load balancer, and the metrics that both bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from automation.cost.charge import Charge, Context, Rule
from automation.cost.document import Document, Resource
from automation.cost.rules import sagemaker
from automation.cost.traffic import KB_OF_GB
from contracts.prices import HOURS_A_MONTH

SERVICE: Final = "aws:ecs/service:Service"
_DEFINITION: Final = "aws:ecs/taskDefinition:TaskDefinition"
_PROCESSOR: Final = {"X86_64": "x86", "ARM64": "arm"}
#: GB that one LCU takes in an hour (Elastic Load Balancing pricing, "LCU details"): what an endpoint's requests fill
#: first, being few and small.
_LCU_GB: Final = 1.0
#: Container Insights: of a cluster, of a service and of a family of task definitions, 8 each (Amazon CloudWatch
#: pricing, "Container Insights"). The service itself: requests, two kinds of errors, latency, predictions,
#: positive ones.
_INSIGHTS: Final = 24
_OWN: Final = 6


def definition(service: Resource, document: Document) -> Resource:
    """That of the release that a service is to run."""
    return next(each for each in document.all(_DEFINITION) if each.component == service.component)


def tasks(service: Resource, context: Context) -> float:
    """The fewest that run, on average by the clock: with the CPU of a request unknown, no more can be told."""
    name = service.inputs["name"]
    targets = context.document.all(sagemaker.SCALED, resourceId=f"service/{name}/{name}")
    return sagemaker.fewest(targets[0], context) if targets else service.inputs["desiredCount"]


def _service(resource: Resource, context: Context) -> Iterator[Charge]:
    """The first two tasks are never Spot, and a minimum of more counts as on demand too."""
    document, hours = context.document, context.traffic.endpoint_hours
    wanted, count = definition(resource, document), tasks(resource, context)
    processor = _PROCESSOR[wanted.inputs["runtimePlatform"]["cpuArchitecture"]]
    yield Charge("ecs", f"fargate vCPU {processor}", count * int(wanted.inputs["cpu"]) / 1024 * hours)
    yield Charge("ecs", f"fargate memory {processor}", count * int(wanted.inputs["memory"]) / 1024 * hours)
    yield Charge("cloudwatch", "custom metric", (_INSIGHTS + _OWN) * context.traffic.running)


def _balancer(_: Resource, context: Context) -> Iterator[Charge]:
    traffic = context.traffic
    yield Charge("elasticloadbalancing", "application load balancer", HOURS_A_MONTH * traffic.running)
    moved = traffic.served * (traffic.request_kb + traffic.response_kb) / KB_OF_GB
    yield Charge("elasticloadbalancing", "LCU", moved / _LCU_GB, traffic=True)


RULES: Final[Mapping[str, Rule]] = {
    SERVICE: _service,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
}

#: What costs nothing, or is counted with another resource.
FREE: Final = frozenset(
    {
        "aws:ecs/cluster:Cluster",  # its service counts what it measures
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
        "aws:ecs/taskDefinition:TaskDefinition",
        "aws:lb/listener:Listener",
        "aws:lb/listenerRule:ListenerRule",
        "aws:lb/targetGroup:TargetGroup",
    }
)
