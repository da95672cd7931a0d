"""What CreatePipeline, UpdatePipeline and StartPipelineExecution check of a definition and its parameters."""

from __future__ import annotations

import json
from typing import Any

from moto.s3.exceptions import MissingBucket, MissingKey
from moto.s3.models import s3_backends
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import SageMakerModelBackend

from local.emulator.parameters import bind

VERSION = "2020-12-01"
_ENTRY_STEPS = ("IfSteps", "ElseSteps")


def text(backend: SageMakerModelBackend, inline: str | None, location: dict[str, Any] | None) -> str | None:
    """The definition as given: inline or an object in S3; None when neither is.

    Raises:
        ValidationError: both are given, or the object cannot be read.
    """
    if inline and location:
        raise ValidationError("Both Pipeline Definition and Pipeline Definition S3 Location shouldn't be present")
    if not location:
        return inline
    try:
        found = s3_backends[backend.account_id][backend.partition].get_object(location["Bucket"], location["ObjectKey"])
    except (MissingBucket, MissingKey):
        found = None
    if found is None:
        raise ValidationError(
            f"Could not read the pipeline definition at s3://{location['Bucket']}/{location['ObjectKey']}"
        )
    return found.value.decode()


def parsed(definition: str) -> dict[str, Any]:
    """A definition as the service accepts it; every fault in one error.

    Raises:
        ValidationError: it is not JSON, not of the schema's version, or its steps are not steps.
    """
    try:
        content: Any = json.loads(definition)
    except ValueError as error:
        raise ValidationError(f"Invalid pipeline definition: not JSON ({error})") from error
    faults = list(_faults(content))
    if faults:
        raise ValidationError(f"Invalid pipeline definition: {'; '.join(faults)}")
    return content


def _faults(content: Any) -> list[str]:
    if not isinstance(content, dict):
        return [f"it is {type(content).__name__}, expected an object"]
    found = (
        [] if content.get("Version") == VERSION else [f"Version is {content.get('Version')!r}, expected {VERSION!r}"]
    )
    steps = content.get("Steps")
    if not isinstance(steps, list) or not steps:
        return [*found, "Steps must be a list with at least one step"]
    names: list[str] = []
    for step in all_steps(steps):
        if not isinstance(step.get("Name"), str) or not isinstance(step.get("Type"), str):
            found.append(f"a step has no Name or no Type: {json.dumps(step)[:80]}")
        else:
            names.append(step["Name"])
    found += [f"step name {name} is used more than once" for name in sorted({n for n in names if names.count(n) > 1})]
    return found


def all_steps(steps: list[Any]) -> list[dict[str, Any]]:
    """The steps of a definition with those inside conditions."""
    flat: list[dict[str, Any]] = []
    for step in steps:
        if not isinstance(step, dict):
            flat.append({})
            continue
        flat.append(step)
        arguments = step.get("Arguments")
        if step.get("Type") == "Condition" and isinstance(arguments, dict):
            for branch in _ENTRY_STEPS:
                flat += all_steps(arguments.get(branch) or [])
    return flat


def parameters(definition: dict[str, Any], given: list[dict[str, str]]) -> dict[str, str]:
    """The texts an execution is started with; ValidationError for what the definition does not allow."""
    values = {parameter["Name"]: parameter["Value"] for parameter in given}
    _, faults = bind(definition.get("Parameters", []), values)
    if faults:
        raise ValidationError(f"Invalid pipeline parameters: {'; '.join(faults)}")
    return values
