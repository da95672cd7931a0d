"""AWS Cloud Control API: what the provider has no resource type for, by its CloudFormation type name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from local.adapter.conversions import json_object
from local.adapter.table import Call, ResourceType, Scope, To, value

SERVICE = "cloudcontrol"


def _desired_state(state: Any) -> str:
    if not isinstance(json_object(state), Mapping):
        raise ValueError("must be a JSON object of the type's CloudFormation properties")  # noqa: TRY004
    return str(state)


def _identifier(scope: Scope) -> str:
    """The primary identifier: the one property that ends in `Name` where there is one, else a digest of the state."""
    state = json_object(scope.inputs["desiredState"])
    names = [key for key in state if key.endswith("Name")]
    if len(names) == 1:
        return str(state[names[0]])
    return hashlib.sha256(f"{scope.name}{scope.inputs['desiredState']}".encode()).hexdigest()[:32]


TYPES = (
    ResourceType(
        "aws:cloudcontrol/resource:Resource",
        id=_identifier,
        fields={"desiredState": To("DesiredState", _desired_state)},
        provider_only=("schema",),
        update=(Call("UpdateResource", takes=("desiredState",), fields={"desiredState": "PatchDocument"}),),
        delete=(),
        replace=("roleArn", "typeName", "typeVersionId"),
        outputs={"properties": value("desiredState")},
        recorded="the emulator has no Cloud Control API",
    ),
)
