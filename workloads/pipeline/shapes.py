"""A step's arguments against the input shape of the API call that SageMaker makes of them, by botocore's own model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shapes.check import Checker
from shapes.models import Shape, operation_model
from workloads.pipeline.graph import is_variable

#: Step type -> the API call whose input its arguments are (developer guide, "Pipelines steps").
OPERATIONS = {
    "Training": "CreateTrainingJob",
    "Processing": "CreateProcessingJob",
    "Tuning": "CreateHyperParameterTuningJob",
    "Transform": "CreateTransformJob",
    "Model": "CreateModel",
    "RegisterModel": "CreateModelPackage",
}
_NUMBERS = {"integer", "long", "float", "double", "boolean"}


def check(step: Mapping[str, Any], parameter_types: Mapping[str, str]) -> list[str]:
    """What the API would refuse in the step's arguments, one line each; empty for step types that are no API call.

    `parameter_types` (name -> String, Integer ...) tells a number parameter that stands where a text must.
    """
    operation = OPERATIONS.get(step["Type"])
    if operation is None:
        return []
    shape: Any = operation_model("sagemaker", operation).input_shape
    # SageMaker names the jobs and models of a pipeline itself.
    named = {m: "named-by-the-service" for m in shape.required_members if m.endswith("Name")}

    def unknown(shape: Shape, value: Any) -> bool:
        """Whether a value is a variable that can become what the shape asks for."""
        if not is_variable(value):
            return False
        declared = parameter_types.get(str(value.get("Get", "")).removeprefix("Parameters."))
        is_text = shape.type_name == "string"
        return (is_text or shape.type_name in _NUMBERS) and (not declared or (declared == "String") == is_text)

    found = Checker(unknown=unknown).faults(shape, {**named, **step["Arguments"]}, step["Name"])
    return [f"{fault}{_remedy(fault.found, fault.allowed)} ({operation})" for fault in found]


def _remedy(found: Any, allowed: str) -> str:
    number = is_variable(found) and allowed == "must be a text"
    return "; make a number parameter one with to_string()" if number else ""
