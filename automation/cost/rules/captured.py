"""Captured traffic in a month, whoever captures it: SageMaker, or the containers where it does not."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from automation.cost.charge import Context
from automation.cost.document import Document, Resource
from automation.cost.rules import components, ecs, functions
from automation.cost.rules.sagemaker import CONFIG
from automation.cost.traffic import KB_OF_GB, Traffic

_ENDPOINT: Final = "aws:sagemaker/endpoint:Endpoint"
_MODEL: Final = "aws:sagemaker/model:Model"
#: A captured request: it, its answer, and what SageMaker writes about both.
_RECORD_KB: Final = 0.6
#: Objects of captured traffic: one a minute and endpoint while requests come.
_OBJECTS_AN_HOUR: Final = 60
#: The same of an instance whose container captures by itself: one every ten seconds.
_OWN_OBJECTS_AN_HOUR: Final = 360


def captured(document: Document, traffic: Traffic) -> tuple[float, float]:
    """GB and objects: the share of the requests that is captured, in at most so many objects in an hour."""
    found = list(_shares(Context(document, traffic)))
    kb = traffic.request_kb + traffic.response_kb + _RECORD_KB
    records = [traffic.served * share for share, _ in found]
    objects = [min(each, traffic.endpoint_hours * most) for each, (_, most) in zip(records, found, strict=True)]
    return sum(records) * kb / KB_OF_GB, sum(objects)


def configurations(document: Document) -> list[Resource]:
    """Those that endpoints of SageMaker run."""
    return [document.one(CONFIG, name=each.inputs["endpointConfigName"]) for each in document.all(_ENDPOINT)]


def _shares(context: Context) -> Iterator[tuple[float, float]]:
    """Of every endpoint the share of its requests that is captured, and the most objects in an hour."""
    document = context.document
    for config in configurations(document):
        yield from _of_configuration(config, document)
    for stack in document.all(components.STACK):
        yield from _own(components.environment(stack, document), 1)
    for service in document.all(ecs.SERVICE):
        (container,) = json.loads(ecs.definition(service, document).inputs["containerDefinitions"])
        environment = {each["name"]: each["value"] for each in container["environment"]}
        yield from _own(environment, ecs.tasks(service, context))
    for function in document.all(functions.FUNCTION):
        if functions.serves(function, document):
            variables = (function.inputs.get("environment") or {}).get("variables") or {}
            yield from _own(variables, math.inf)  # before each answer: a function freezes after it


def _of_configuration(config: Resource, document: Document) -> Iterator[tuple[float, float]]:
    capture = config.inputs.get("dataCaptureConfig") or {}
    if capture.get("enableCapture"):
        yield capture["initialSamplingPercentage"] / 100, _OBJECTS_AN_HOUR
    for variant in config.list("productionVariants"):
        for model in document.all(_MODEL, name=variant.get("modelName", "")):
            environment = (model.inputs.get("primaryContainer") or {}).get("environment") or {}
            yield from _own(environment, variant.get("initialInstanceCount", 1))


def _own(environment: Mapping[str, Any], instances: float) -> Iterator[tuple[float, float]]:
    """What a container captures by its settings (`workloads.inference.settings`)."""
    if "CAPTURE_URI" in environment:
        at_once = environment.get("CAPTURE_SECONDS") == "0"
        yield float(environment["CAPTURE_PERCENT"]) / 100, math.inf if at_once else _OWN_OBJECTS_AN_HOUR * instances
