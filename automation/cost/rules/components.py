"""What inference components cost: the instances that their copies take, which are none while nobody asks.

They stand in a stack of CloudFormation, which costs nothing by itself.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from automation.cost.charge import Charge, Context, Rule
from automation.cost.document import Document, Resource
from automation.cost.rules import sagemaker
from automation.cost.traffic import KB_OF_GB
from contracts import instances
from contracts.prices import HOURS_A_MONTH

STACK: Final = "aws:cloudformation/stack:Stack"
_MODEL: Final = "aws:sagemaker/model:Model"
_MB_OF_GIB: Final = 1024


def _properties(stack: Resource) -> Mapping[str, Mapping[str, Any]]:
    """The properties of the resources in a template, by their names."""
    return {name: its["Properties"] for name, its in json.loads(stack.inputs["templateBody"])["Resources"].items()}


def environment(stack: Resource, document: Document) -> Mapping[str, Any]:
    """That of the copies' container."""
    model = _properties(stack)["Component"]["Specification"]["ModelName"]
    container = document.one(_MODEL, name=model).inputs.get("primaryContainer") or {}
    return container.get("environment") or {}


def on_an_instance(instance_type: str, asked: Mapping[str, float]) -> int:
    """Copies that an instance holds, by cores and memory; at least 1."""
    its = instances.instance(instance_type)
    by_cores = its.vcpus // asked["NumberOfCpuCoresRequired"]
    return max(1, int(min(by_cores, its.memory_gib * _MB_OF_GIB // asked["MinMemoryRequiredInMb"])))


def _stack(resource: Resource, context: Context) -> Iterator[Charge]:
    """Copies by the hour of the week: the fewest of each hour, one where requests come, each with its instance."""
    document, traffic = context
    its = _properties(resource)
    (variant,), component = its["Config"]["ProductionVariants"], its["Component"]
    (target,) = document.all(sagemaker.SCALED, resourceId=f"inference-component/{component['InferenceComponentName']}")
    within, hours = sagemaker.limits(target, document), traffic.running_hours()
    held = on_an_instance(variant["InstanceType"], component["Specification"]["ComputeResourceRequirements"])
    taken = [math.ceil(max(within[hour][0], traffic.rate(hour) > 0) / held) for hour in hours]
    count = sum(taken) / len(taken) * traffic.endpoint_hours if taken else 0
    yield Charge("sagemaker", f"instance {variant['InstanceType']}", count)
    yield Charge("sagemaker", "endpoint and training storage", sagemaker.VOLUME_GB * count / HOURS_A_MONTH)
    moved = traffic.served * (traffic.request_kb + traffic.response_kb) / KB_OF_GB
    yield Charge("sagemaker", "endpoint data in and out", moved, traffic=True)


RULES: Final[Mapping[str, Rule]] = {STACK: _stack}
