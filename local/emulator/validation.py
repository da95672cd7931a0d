"""Checks a request against the API's own model, as the service does before it acts.

botocore checks a client's arguments only for type, presence and minimum; enumerations, patterns and maxima are left to
the service. Faults are worded as AWS words them: `2 validation errors detected: Value 'x' at 'name' failed to satisfy
constraint: ...`, the path in lower camel case.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from local.emulator.errors import AwsError
from local.emulator.extension import wrap
from shapes.check import Checker, Fault, Paths, at
from shapes.models import Shape, operation_model, service_model

#: The members of a request as AWS names them: in lower camel case, items counted from 1.
_PATHS = Paths(
    member=lambda path, name: at(path, name[0].lower() + name[1:]),
    item=lambda path, index: f"{path}.{index + 1}.member",
)
_CHECKER = Checker(paths=_PATHS)


def faults(shape: Shape, value: Any) -> Iterator[str]:
    """Every constraint of a botocore shape that `value` does not satisfy.

    Of other types and other members nothing is said: those are the client's to send, and the service's to ignore.
    """
    for fault in _CHECKER.faults(shape, value):
        for constraint in _constraints(fault):
            shown = "null" if fault.found is None else f"'{fault.found}'"
            yield f"Value {shown} at '{fault.path}' failed to satisfy constraint: Member must {constraint}"


def _constraints(fault: Fault) -> Iterator[str]:
    match fault.rule:
        case "required":
            yield "not be null"
        case "enum":
            yield f"satisfy enum value set: [{', '.join(fault.limit)}]"
        case "pattern":
            yield f"satisfy regular expression pattern: {fault.limit}"
        case "size" | "range":
            low, high = fault.limit
            measured, noun = (fault.found, "value") if fault.rule == "range" else (len(fault.found), "length")
            if low is not None and measured < low:
                yield f"have {noun} greater than or equal to {low}"
            else:
                yield f"have {noun} less than or equal to {high}"
        case _:
            return


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


def _checked(original: Callable[..., Any], self: BaseResponse) -> Any:
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


def _request_faults(response: BaseResponse) -> Iterator[str]:
    action = response._get_action()
    service = response.boto3_service_name
    model: Any = service_model(service)
    if action not in model.operation_names:
        return
    shape: Shape = operation_model(service, action).input_shape
    if shape is not None:
        yield from faults(shape, _parameters(response, shape))


def _parameters(response: BaseResponse, shape: Any) -> dict[str, Any]:
    """The request by member name; moto parses it for some services, for the others the body is JSON of that form."""
    if not response.automated_parameter_parsing:
        return json.loads(response.body or "{}")
    # A list in the query string that was not given is an empty one to moto's parser.
    absent = {n for n, m in shape.members.items() if m.serialization.get("location") == "querystring"}
    return {k: v for k, v in response._get_params().items() if not (k in absent and v == [])}
