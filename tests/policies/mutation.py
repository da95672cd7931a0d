"""Breaking one thing of the specimens, and what must be said of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.policies.specimens import access, data, training
from tests.policies.support import Specimen

Platform = dict[str, Specimen]


@dataclass(frozen=True)
class Change:
    """A change to the platform: the resource that it changes and, when it changes one input, the path of that."""

    resource: str
    apply: Callable[[Platform], Platform]
    path: str = ""

    def then(self, other: Change) -> Change:
        """This change and another one."""
        return Change(self.resource, lambda platform: other.apply(self.apply(platform)))


@dataclass(frozen=True)
class Mutation:
    """A change, and the policies that must catch it with what they say, the resource's name and the remedy left out."""

    change: Change
    caught: Mapping[str, str | Sequence[str]]
    stack: str = "prod"


def put(name: str, path: str, value: Any) -> Change:
    """Another value at a path."""
    return Change(name, lambda platform: platform | {name: platform[name].put(path, value)}, path)


def drop(name: str, path: str) -> Change:
    """No value at a path."""
    return Change(name, lambda platform: platform | {name: platform[name].drop(path)}, path)


def link(name: str, path: str, value: Any, needs: Sequence[str]) -> Change:
    """Another value of an input, that comes from other resources."""

    def apply(platform: Platform) -> Platform:
        specimen = platform[name].put(path, value)
        return platform | {name: replace(specimen, needs={**specimen.needs, path: needs})}

    return Change(name, apply)


def remove(name: str) -> Change:
    """One resource less."""
    return Change(name, lambda platform: {key: each for key, each in platform.items() if key != name})


def add(*specimens: Specimen) -> Change:
    """More resources."""
    return Change(specimens[0].name, lambda platform: platform | {each.name: each for each in specimens})


def unprotect(name: str) -> Change:
    """The option `protect` off."""
    return Change(name, lambda platform: platform | {name: replace(platform[name], protect=False)})


def grant(**statement: Any) -> Change:
    """A statement of its own in the permissions of the training role."""
    return put("training-permissions", "policy", access.document({"Sid": "Wrong", **statement}))


def pipeline(edit: Callable[[dict[str, Any]], Any]) -> Change:
    """Another pipeline definition."""
    definition = training.definition()
    edit(definition)
    return put("churn-prod", "pipelineDefinition", json.dumps(definition))


def machine(edit: Callable[[dict[str, Any]], Any]) -> Change:
    """Another state machine; `edit` gets its states."""
    definition = training.machine()
    edit(definition["States"])
    return put("training-machine", "definition", json.dumps(definition))


def scheduled(edit: Callable[[dict[str, Any]], Any]) -> Change:
    """Another job that the schedule starts; `edit` gets its request."""
    request = training.scheduled()
    edit(request)
    return put("weekly", "target.input", json.dumps(request))


def rollback_on(*alarms: str) -> dict[str, Any]:
    """A canary rollout that these alarms turn back."""
    return {
        "blueGreenUpdatePolicy": {"trafficRoutingConfiguration": {"type": "CANARY"}},
        "autoRollbackConfiguration": {"alarms": [{"alarmName": name} for name in alarms]},
    }


PASSED = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
IMAGE = f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn@sha256:{'0' * 64}"


def public_read() -> str:
    """A bucket policy that keeps TLS and lets everyone read."""
    document = json.loads(data.bucket_policy("111122223333-prod-raw"))
    document["Statement"].append(
        {"Sid": "Everyone", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    )
    return json.dumps(document)
