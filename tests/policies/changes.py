"""How the prod stack as the program makes it is changed, so that a policy must catch it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.policies.specimens import serving
from tests.policies.support import Specimen

Platform = dict[str, Specimen]
Change = Callable[[Platform], Platform]
Find = Callable[[Platform], Specimen]


def the(type_: str, part: str = "") -> Find:
    """The first resource of a short type whose name holds `part`."""
    return lambda platform: next(
        each for name, each in platform.items() if name.startswith(f"{type_} ") and part in name
    )


def put(find: Find, path: str, value: Any) -> Change:
    """Another value at a path."""
    return lambda platform: platform | {find(platform).name: find(platform).put(path, value)}


def drop(find: Find, path: str) -> Change:
    """No value at a path."""
    return lambda platform: platform | {find(platform).name: find(platform).drop(path)}


def remove(find: Find) -> Change:
    """One resource less."""

    def change(platform: Platform) -> Platform:
        gone = find(platform).name
        return {name: each for name, each in platform.items() if name != gone}

    return change


def add(specimen: Specimen) -> Change:
    """One resource more."""
    return lambda platform: platform | {specimen.name: specimen}


def unprotect(find: Find) -> Change:
    """The option `protect` off."""
    return lambda platform: platform | {find(platform).name: replace(find(platform), protect=False)}


def both(*changes: Change) -> Change:
    """Several changes."""

    def change(platform: Platform) -> Platform:
        for each in changes:
            platform = each(platform)
        return platform

    return change


def grant(**statement: Any) -> Change:
    """A statement more in the permissions of the training jobs."""
    return _append(
        the("iam/rolePolicy", "training-training"), "policy", {"Effect": "Allow", "Sid": "Wrong", **statement}
    )


def _append(find: Find, path: str, statement: dict[str, Any]) -> Change:
    def change(platform: Platform) -> Platform:
        specimen = find(platform)
        document = json.loads(specimen.properties[path])
        document["Statement"].append(statement)
        return platform | {specimen.name: specimen.put(path, json.dumps(document))}

    return change


def pipeline(edit: Callable[[dict[str, dict[str, Any]]], Any]) -> Change:
    """Another pipeline definition; `edit` gets the arguments of its steps by name."""

    def change(platform: Platform) -> Platform:
        specimen = the("sagemaker/pipeline")(platform)
        definition = json.loads(specimen.properties["pipelineDefinition"])
        steps = {step["Name"]: step["Arguments"] for step in definition["Steps"]}
        for step in [*definition["Steps"]]:
            for branch in ("IfSteps", "ElseSteps"):
                steps |= {each["Name"]: each["Arguments"] for each in step["Arguments"].get(branch, ())}
        edit(steps)
        return platform | {specimen.name: specimen.put("pipelineDefinition", json.dumps(definition))}

    return change


def monitor(edit: Callable[[dict[str, Any]], Any]) -> Change:
    """Another drift job; `edit` gets the request that its schedule sends."""

    def change(platform: Platform) -> Platform:
        specimen = the("scheduler/schedule", "drift")(platform)
        request = json.loads(specimen.properties["target"]["input"])
        edit(request)
        return platform | {specimen.name: specimen.put("target.input", json.dumps(request))}

    return change


def quality(change: Callable[[Find], Change]) -> Change:
    """A change of the data-quality job of SageMaker, which a stack has with `monitoring.engine: sagemaker` only."""
    find = the("sagemaker/dataQualityJobDefinition")
    valid = next(each for each in serving.specimens() if each.name == "data-quality")

    def changed(platform: Platform) -> Platform:
        named = replace(valid, name="sagemaker/dataQualityJobDefinition quality")
        return change(find)({named.name: named, **platform})

    return changed


def approved(steps: dict[str, dict[str, Any]]) -> None:
    """The model is registered as approved."""
    steps["Register"]["ModelApprovalStatus"] = "Approved"


def unmonitored(platform: Platform) -> Platform:
    """Nothing watches the endpoint: no monitoring schedule of SageMaker, and no schedule that starts a job."""
    left = {name: each for name, each in platform.items() if "aws:sagemaker/monitoringSchedule:" not in each.type}
    return remove(the("scheduler/schedule", "drift"))(left)
