"""A step's arguments against the input shape of the API call that SageMaker makes of them, by botocore's own model.

Botocore checks types, required and unknown members and minimums. Its model also states maximums, enumerations and
patterns, which it leaves to the service; here they are checked too, so that a mistake fails before any AWS call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import botocore.session
import botocore.validate

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
_UNBOUNDED = 1 << 62


class _Unknown(str):
    """A text known only at run time: length, enumeration and pattern are not checked."""

    __slots__ = ()


def check(step: Mapping[str, Any], parameter_types: Mapping[str, str]) -> list[str]:
    """What the API would refuse in the step's arguments, one line each; empty for step types that are no API call.

    `parameter_types` (name -> String, Integer ...) tells a number parameter that stands where a text must.
    """
    operation = OPERATIONS.get(step["Type"])
    if operation is None:
        return []
    shape: Any = service_model().operation_model(operation).input_shape
    arguments = _known(step["Arguments"], shape, parameter_types)
    # SageMaker names the jobs and models of a pipeline itself.
    arguments |= {
        m: "named-by-the-service" for m in shape.required_members if m.endswith("Name") and m not in arguments
    }
    report = _Report()
    _Strict()._validate(arguments, shape, report, step["Name"])
    return [f"{fault} ({operation})" for fault in report.found]


def service_model() -> Any:
    """Botocore's model of SageMaker (loaded once: 0.2 s)."""
    if not _MODEL:
        _MODEL.append(botocore.session.get_session().get_service_model("sagemaker"))
    return _MODEL[0]


_MODEL: list[Any] = []


def _known(value: Any, shape: Any, parameter_types: Mapping[str, str]) -> Any:
    """`value` with each variable replaced by something legal for its place, or left (and refused) if it cannot be."""
    if is_variable(value):
        declared = parameter_types.get(str(value.get("Get", "")).removeprefix("Parameters."))
        if declared and (declared == "String") != (shape.type_name == "string"):
            return value
        low = max(1, shape.metadata.get("min", 1))
        legal = {"string": _Unknown("x"), "integer": low, "long": low, "float": 1.0, "double": 1.0, "boolean": True}
        return legal.get(shape.type_name, value)
    if isinstance(value, dict) and shape.type_name == "structure":
        return {k: _known(v, shape.members[k], parameter_types) if k in shape.members else v for k, v in value.items()}
    if isinstance(value, dict) and shape.type_name == "map":
        return {k: _known(v, shape.value, parameter_types) for k, v in value.items()}
    if isinstance(value, list) and shape.type_name == "list":
        return [_known(v, shape.member, parameter_types) for v in value]
    return value


class _Report(botocore.validate.ValidationErrors):
    """Collects lines instead of botocore's sentences."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def report(self, name: str, reason: str, **details: Any) -> None:
        """One fault; called by the validator."""
        match reason:
            case "missing required field":
                text = f"{details['required_name']} is missing"
            case "unknown field":
                known = ", ".join(sorted(details["valid_names"]))
                text = f"{details['unknown_param']} is unknown; known are {known}"
            case "invalid type":
                wanted = " or ".join(str(t) for t in details["valid_types"])
                text = f"{details['param']!r} is not {wanted}"
            case "invalid range":
                text = f"{details['param']!r} is below the minimum {details['min_allowed']}"
            case _:
                text = reason
        self.found.append(f"{name}: {text}")


class _Strict(botocore.validate.ParamValidator):
    """Adds what the model says and botocore leaves to the service."""

    def _validate_string(self, param: Any, shape: Any, errors: _Report, name: str) -> None:
        limits = shape.metadata
        if not isinstance(param, str):
            errors.report(name, f"{param!r} is not a text; make a number parameter one with to_string()")
        elif not isinstance(param, _Unknown):
            if "enum" in limits and param not in limits["enum"]:
                errors.report(name, f"{param!r} is not one of {', '.join(limits['enum'])}")
            if not limits.get("min", 0) <= len(param) <= limits.get("max", _UNBOUNDED):
                errors.report(name, f"has {len(param)} characters, allowed are {_range(limits)}")
            if "pattern" in limits and not _matches(limits["pattern"], param):
                errors.report(name, f"{param!r} does not match {limits['pattern']}")

    def _validate_integer(self, param: Any, shape: Any, errors: _Report, name: str) -> None:
        super()._validate_integer(param, shape, errors, name)
        if isinstance(param, int) and param > shape.metadata.get("max", _UNBOUNDED):
            errors.report(name, f"{param} is above the maximum {shape.metadata['max']}")

    def _validate_list(self, param: Any, shape: Any, errors: _Report, name: str) -> None:
        limits = shape.metadata
        if not isinstance(param, list):
            errors.report(name, f"{param!r} is not a list")
            return
        if not limits.get("min", 0) <= len(param) <= limits.get("max", _UNBOUNDED):
            errors.report(name, f"has {len(param)} elements, allowed are {_range(limits)}")
        for index, item in enumerate(param):  # botocore skips the elements of a list of plain texts
            self._validate(item, shape.member, errors, f"{name}[{index}]")


def _range(limits: Mapping[str, Any]) -> str:
    return f"{limits.get('min', 0)} to {limits.get('max', 'any number')}"


def _matches(pattern: str, text: str) -> bool:
    r"""True if the text matches in full, or if the pattern is one that only Java reads (`\p{L}`)."""
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return True
