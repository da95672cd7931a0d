"""What SageMaker demands of a definition beyond the shape of its parts, and what we demand of our own.

Each rule takes the definition or one step and gives its faults, one line each.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from workloads.pipeline.graph import steps_of

VERSION = "2020-12-01"
MAX_BYTES = 1_048_576  # CreatePipeline, PipelineDefinition
MAX_PARAMETERS = 200  # quotas, "Maximum number of parameters per pipeline"
MAX_STEPS = 50  # quotas, "Maximum number of steps per pipeline"
_STEP_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")  # API, StepName
_PARAMETER_NAME = re.compile(r"[A-Za-z0-9\-_]{1,256}")  # API, Parameter
_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?", re.IGNORECASE)  # ISO 8601
_PYTHON_TYPES = {"String": str, "Integer": int, "Float": (int, float), "Boolean": bool}
#: Developer guide, "Caching pipeline steps".
_CACHEABLE = frozenset(
    {"Processing", "Training", "Tuning", "Transform", "AutoML", "QualityCheck", "ClarifyCheck", "EMR"}
)
#: Developer guide, "Retry policy for pipeline steps": the job's own exceptions exist only where there is a job.
_STEP_EXCEPTIONS = frozenset({"Step.SERVICE_FAULT", "Step.THROTTLING"})
_JOB_EXCEPTIONS = frozenset({"SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"})
_JOBS = frozenset({"Processing", "Training", "Tuning", "Transform"})
_CONDITIONS = frozenset(
    {
        "Equals",
        "GreaterThan",
        "GreaterThanOrEqualTo",
        "LessThan",
        "LessThanOrEqualTo",
        "In",
        "Not",
        "Or",
    }
)


def check(definition: Mapping[str, Any]) -> list[str]:
    """All faults of the definition by these rules."""
    steps = list(steps_of(definition["Steps"]))
    found = [*_whole(definition, steps), *_parameters(definition.get("Parameters", []))]
    for step in steps:
        for rule in (_names, _cache, _retries, _spot, _paths, _conditions):
            found += [f"{step['Name']}: {fault}" for fault in rule(step)]
    return found


def _whole(definition: Mapping[str, Any], steps: list[Mapping[str, Any]]) -> Iterator[str]:
    if definition.get("Version") != VERSION:
        yield f"Version is {definition.get('Version')!r}, the only one is {VERSION}"
    size = len(json.dumps(definition, separators=(",", ":")).encode())
    if size > MAX_BYTES:
        yield f"the definition has {size} bytes, allowed are {MAX_BYTES}"
    if not 1 <= len(steps) <= MAX_STEPS:
        yield f"{len(steps)} steps, allowed are 1 to {MAX_STEPS}"
    for name, count in Counter(step["Name"] for step in steps).items():
        if count > 1:
            yield f"{count} steps are called {name}"


def _parameters(parameters: list[Mapping[str, Any]]) -> Iterator[str]:
    if len(parameters) > MAX_PARAMETERS:
        yield f"{len(parameters)} parameters, allowed are {MAX_PARAMETERS}"
    for name, count in Counter(parameter["Name"] for parameter in parameters).items():
        if count > 1:
            yield f"{count} parameters are called {name}"
    for parameter in parameters:
        yield from (f"parameter {parameter['Name']}: {fault}" for fault in _parameter(parameter))


def _parameter(parameter: Mapping[str, Any]) -> Iterator[str]:
    if not _PARAMETER_NAME.fullmatch(parameter["Name"]):
        yield f"the name does not match {_PARAMETER_NAME.pattern}"
    kind = _PYTHON_TYPES.get(parameter["Type"])
    if kind is None:
        yield f"Type is {parameter['Type']!r}, allowed are {', '.join(_PYTHON_TYPES)}"
        return
    default, allowed = parameter.get("DefaultValue"), parameter.get("EnumValues")
    if default is not None and (not isinstance(default, kind) or (isinstance(default, bool) and kind is not bool)):
        yield f"DefaultValue {default!r} is not of type {parameter['Type']}"
    if allowed is not None and default is not None and default not in allowed:
        yield f"DefaultValue {default!r} is not one of EnumValues {allowed}"


def _names(step: Mapping[str, Any]) -> Iterator[str]:
    if not _STEP_NAME.fullmatch(step["Name"]):
        yield f"the name does not match {_STEP_NAME.pattern}"


def _cache(step: Mapping[str, Any]) -> Iterator[str]:
    cache = step.get("CacheConfig", {})
    if not cache.get("Enabled"):
        return
    if step["Type"] not in _CACHEABLE:
        yield f"a step of type {step['Type']} cannot be cached"
    if not _DURATION.fullmatch(str(cache.get("ExpireAfter", ""))):
        yield f"CacheConfig.ExpireAfter is {cache.get('ExpireAfter')!r}; give an ISO 8601 duration, for example P30D"


def _retries(step: Mapping[str, Any]) -> Iterator[str]:
    allowed = _STEP_EXCEPTIONS | (_JOB_EXCEPTIONS if step["Type"] in _JOBS else frozenset())
    for index, policy in enumerate(step.get("RetryPolicies", [])):
        where = f"RetryPolicies[{index}]"
        for exception in policy["ExceptionType"]:
            if exception not in allowed:
                yield f"{where}: ExceptionType {exception!r}; allowed here are {', '.join(sorted(allowed))}"
        if ("MaxAttempts" in policy) == ("ExpireAfterMin" in policy):
            yield f"{where}: give exactly one of MaxAttempts and ExpireAfterMin"
        if not 1 <= policy.get("MaxAttempts", 1) <= 20:
            yield f"{where}: MaxAttempts is {policy['MaxAttempts']}, allowed are 1 to 20"


def _spot(step: Mapping[str, Any]) -> Iterator[str]:
    arguments = step["Arguments"]
    if step["Type"] == "Tuning":
        arguments = arguments["TrainingJobDefinition"]
    elif step["Type"] != "Training":
        return
    stopping = arguments.get("StoppingCondition", {})
    run, wait = stopping.get("MaxRuntimeInSeconds"), stopping.get("MaxWaitTimeInSeconds")
    if not arguments.get("EnableManagedSpotTraining"):
        if wait is not None:
            yield "MaxWaitTimeInSeconds is for managed spot training only"
        return
    if not (isinstance(run, int) and isinstance(wait, int) and wait >= run):
        yield f"spot training needs MaxWaitTimeInSeconds ({wait}) of at least MaxRuntimeInSeconds ({run})"
    if "CheckpointConfig" not in arguments:
        yield "spot training without CheckpointConfig starts from nothing after each interruption"


def _paths(step: Mapping[str, Any]) -> Iterator[str]:
    """Processing reads and writes below /opt/ml/processing; S3Prefix inputs must not catch a neighbour's objects."""
    if step["Type"] != "Processing":
        return
    arguments = step["Arguments"]
    inputs = {i["InputName"]: i["S3Input"]["LocalPath"] for i in arguments.get("ProcessingInputs", [])}
    outputs = {
        o["OutputName"]: o["S3Output"]["LocalPath"]
        for o in arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
    }
    for name, path in [*inputs.items(), *outputs.items()]:
        if not path.startswith("/opt/ml/processing/"):
            yield f"the local path of {name!r} is {path!r}; it must lie below /opt/ml/processing/"
    for name in outputs:
        for other in outputs:
            if name != other and other.startswith(name):
                yield f"readers of output {name!r} would get {other!r} too: S3Prefix is the start of a key; rename one"


def _conditions(step: Mapping[str, Any]) -> Iterator[str]:
    if step["Type"] == "Condition":
        for condition in step["Arguments"]["Conditions"]:
            yield from _condition(condition)


def _condition(condition: Mapping[str, Any]) -> Iterator[str]:
    if condition["Type"] not in _CONDITIONS:
        yield f"condition {condition['Type']!r}; there are {', '.join(sorted(_CONDITIONS))}"
    for inner in [*condition.get("Conditions", []), *([condition["Condition"]] if "Condition" in condition else [])]:
        yield from _condition(inner)
