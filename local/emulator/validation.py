"""Checks a request against the API's own model, as the service does before it acts.

botocore checks a client's arguments only for type, presence and minimum; enumerations, patterns and maxima are left to
the service. Faults are worded as AWS words them: `2 validation errors detected: Value 'x' at 'name' failed to satisfy
constraint: ...`, the path in lower camel case.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model

from local.emulator.errors import AwsError
from local.emulator.extension import wrap


def faults(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """Every way in which `value` does not satisfy a botocore shape."""
    if shape.type_name == "structure" and isinstance(value, dict):
        yield from _structure_faults(shape, value, path)
    elif shape.type_name == "list" and isinstance(value, list):
        yield from _length_faults(shape, value, path)
        for index, item in enumerate(value, start=1):
            yield from faults(shape.member, item, f"{path}.{index}.member")
    elif shape.type_name == "map" and isinstance(value, dict):
        yield from _length_faults(shape, value, path)
        for key, item in value.items():
            yield from faults(shape.key, key, path)
            yield from faults(shape.value, item, f"{path}.{key}")
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _text_faults(shape, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number_faults(shape, value, path)


def _structure_faults(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _fault(None, _join(path, name), "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from faults(member, value[name], _join(path, name))


def _length_faults(shape: Any, value: Any, path: str) -> Iterator[str]:
    minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
    if minimum is not None and len(value) < minimum:
        yield _fault(value, path, f"Member must have length greater than or equal to {minimum}")
    if maximum is not None and len(value) > maximum:
        yield _fault(value, path, f"Member must have length less than or equal to {maximum}")


def _text_faults(shape: Any, value: str, path: str) -> Iterator[str]:
    yield from _length_faults(shape, value, path)
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield _fault(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    pattern = _compiled(shape.metadata.get("pattern", ""))
    if pattern is not None and not pattern.fullmatch(value):
        yield _fault(value, path, f"Member must satisfy regular expression pattern: {shape.metadata['pattern']}")


def _number_faults(shape: Any, value: float, path: str) -> Iterator[str]:
    minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
    if minimum is not None and value < minimum:
        yield _fault(value, path, f"Member must have value greater than or equal to {minimum}")
    if maximum is not None and value > maximum:
        yield _fault(value, path, f"Member must have value less than or equal to {maximum}")


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    if not pattern:
        return None
    try:
        return re.compile(pattern)
    except re.error:  # Java syntax that Python lacks, such as \p{L}
        return None


def _join(path: str, name: str) -> str:
    lowered = name[0].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered


def _fault(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def message(found: list[str]) -> str:
    """One sentence for all faults, in AWS's wording."""
    noun = "error" if len(found) == 1 else "errors"
    return f"{len(found)} validation {noun} detected: {'; '.join(found)}"


# The error code with which a service refuses input, by boto3's name of the service.
ERROR_CODES = {
    "sagemaker": "ValidationException",
    "sagemaker-featurestore-runtime": "ValidationError",
    "cloudwatch": "ValidationError",
    "events": "ValidationException",
    "application-autoscaling": "ValidationException",
    "ecr": "InvalidParameterException",
    "kms": "ValidationException",
    "ssm": "ValidationException",
    "secretsmanager": "ValidationException",
}


def install() -> None:
    """Check the requests of these services before moto acts on them."""
    wrap(BaseResponse, "call_action", _checked)


def _checked(original: Callable[..., Any]) -> Callable[..., Any]:
    def call_action(self: BaseResponse) -> Any:
        code = ERROR_CODES.get(self.boto3_service_name)
        if code is None:
            return original(self)
        try:
            found = list(_request_faults(self))
        except ValueError as error:
            return self.serialized(ActionResult(AwsError("SerializationException", f"the body is not JSON: {error}")))
        if found:
            return self.serialized(ActionResult(AwsError(code, message(found))))
        return original(self)

    return call_action


def _request_faults(response: BaseResponse) -> Iterator[str]:
    action = response._get_action()
    model: Any = get_service_model(response.boto3_service_name)
    if action not in model.operation_names:
        return
    shape = model.operation_model(action).input_shape
    if shape is not None:
        yield from faults(shape, _parameters(response, shape))


def _parameters(response: BaseResponse, shape: Any) -> dict[str, Any]:
    """The request by member name; moto parses it for some services, for the others the body is JSON of that form."""
    if not response.automated_parameter_parsing:
        return json.loads(response.body or "{}")
    # A list in the query string that was not given is an empty one to moto's parser.
    absent = {n for n, m in shape.members.items() if m.serialization.get("location") == "querystring"}
    return {k: v for k, v in response._get_params().items() if not (k in absent and v == [])}
