"""Everything a definition refers to by name must exist: parameters, steps and their properties, files, variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shapes.models import operation_model
from workloads.pipeline.graph import needs, own, references, steps_of

#: Developer guide, "Execution properties".
EXECUTION = frozenset(
    {
        "StartDateTime",
        "CurrentDateTime",
        "PipelineName",
        "PipelineArn",
        "PipelineExecutionId",
        "PipelineExecutionArn",
        "TrainingJobName",
        "ProcessingJobName",
    }
)
#: Step type -> the API call whose answer its properties are (developer guide, "Step properties").
_DESCRIBES = {
    "Training": "DescribeTrainingJob",
    "Processing": "DescribeProcessingJob",
    "Tuning": "DescribeHyperParameterTuningJob",
    "Transform": "DescribeTransformJob",
    "Model": "DescribeModel",
    "RegisterModel": "DescribeModelPackage",
}
_PART = re.compile(r"\.?([A-Za-z]\w*)|\['([^']+)'\]|\[(\d+)\]")


def check(definition: Mapping[str, Any]) -> list[str]:
    """What refers to nothing, one line each, and steps that wait for each other."""
    steps = {step["Name"]: step for step in steps_of(definition["Steps"])}
    parameters = {parameter["Name"] for parameter in definition.get("Parameters", [])}
    found: list[str] = []
    for step in steps.values():
        for path, text in references(own(step)):
            if fault := _fault(text, parameters, steps):
                found.append(f"{step['Name']}{path}: {text}: {fault}")
        found += [f"{step['Name']}: waits for {n}, which is no step" for n in sorted(needs(step) - set(steps))]
        found += _property_file_faults(step)
    return found + _cycles(definition)


def _fault(text: str, parameters: set[str], steps: Mapping[str, Mapping[str, Any]]) -> str | None:
    kind, _, rest = text.partition(".")
    if kind == "Parameters":
        return None if rest in parameters else f"no such parameter; there are {', '.join(sorted(parameters))}"
    if kind == "Execution":
        return None if rest in EXECUTION else f"no such variable; there are {', '.join(sorted(EXECUTION))}"
    name, _, path = rest.partition(".")
    if kind != "Steps" or name not in steps:
        return f"no such step; there are {', '.join(sorted(steps))}"
    step = steps[name]
    if path.startswith("PropertyFiles."):
        files = [f["PropertyFileName"] for f in step.get("PropertyFiles", [])]
        wanted = path.removeprefix("PropertyFiles.")
        return None if wanted in files else f"{name} has no such property file; it has {files}"
    if step["Type"] == "Condition":
        return None if path == "Outcome" else "a condition has one property, Outcome"
    return _property_fault(step, path)


def _property_fault(step: Mapping[str, Any], path: str) -> str | None:
    """Why the step's Describe answer has no such member, or None."""
    operation = _DESCRIBES.get(step["Type"])
    if operation is None:
        return f"a step of type {step['Type']} has no properties"
    shape: Any = operation_model("sagemaker", operation).output_shape
    position = 0
    for part in _PART.finditer(path):
        if part.start() != position:
            break
        position = part.end()
        member, key, _index = part.groups()
        if member:
            if shape.type_name != "structure" or member not in shape.members:
                return f"the answer of {operation} has no member {member!r} there"
            shape = shape.members[member]
        elif shape.type_name == "list":
            if key and (fault := _named_output_fault(step, key)):
                return fault
            shape = shape.member
        elif shape.type_name == "map":
            shape = shape.value
        else:
            return f"{part.group()} stands behind something that is neither a list nor a map"
    return None if position == len(path) and path else f"{path!r} is no property path"


def _named_output_fault(step: Mapping[str, Any], name: str) -> str | None:
    outputs = _output_names(step)
    return None if name in outputs else f"{step['Name']} has no output {name!r}; it has {outputs}"


def _output_names(step: Mapping[str, Any]) -> list[str]:
    return [o["OutputName"] for o in step["Arguments"].get("ProcessingOutputConfig", {}).get("Outputs", [])]


def _property_file_faults(step: Mapping[str, Any]) -> list[str]:
    outputs = _output_names(step)
    return [
        f"{step['Name']}: property file {f['PropertyFileName']} is of output {f['OutputName']!r}; there are {outputs}"
        for f in step.get("PropertyFiles", [])
        if f["OutputName"] not in outputs
    ]


def _cycles(definition: Mapping[str, Any]) -> list[str]:
    """Steps that cannot start because they wait for each other; the steps of a branch wait for its condition."""
    steps = {step["Name"]: step for step in steps_of(definition["Steps"])}
    waiting = {name: needs(step) & set(steps) for name, step in steps.items()}
    for name, step in steps.items():
        if step["Type"] == "Condition":
            for inner in [*step["Arguments"]["IfSteps"], *step["Arguments"]["ElseSteps"]]:
                waiting[inner["Name"]].add(name)
    while ready := {name for name, others in waiting.items() if not others}:
        waiting = {name: others - ready for name, others in waiting.items() if name not in ready}
    return [f"steps wait for each other: {', '.join(sorted(waiting))}"] if waiting else []
