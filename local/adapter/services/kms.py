"""AWS KMS: keys, aliases and key policies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, cast

from local.adapter.conversions import resource_policy
from local.adapter.table import ID, Autoname, Call, Request, Requests, ResourceType, Scope, To, live, value
from local.adapter.values import UNKNOWN
from shapes.check import Fault

SERVICE = "kms"


def _no_lockout(inputs: Mapping[str, Any]) -> Iterator[Fault]:
    """KMS refuses a key policy after which nobody could change it (PutKeyPolicy, "policy lockout safety check")."""
    policy = inputs.get("policy")
    if policy in (None, UNKNOWN) or inputs.get("bypassPolicyLockoutSafetyCheck") or not isinstance(policy, str):
        return
    try:
        document = json.loads(policy)
    except json.JSONDecodeError:
        return  # reported where the policy is matched
    statements = document.get("Statement") if isinstance(document, dict) else None
    found = cast("list[Any]", statements if isinstance(statements, list) else [statements])
    if not any(
        isinstance(statement, dict) and _allows_new_policy(cast("dict[str, Any]", statement)) for statement in found
    ):
        allowed = "locks everyone out: a statement must allow kms:PutKeyPolicy (or kms:*) to a principal of the account"
        yield Fault(path="policy", found=policy, allowed=allowed)


def _allows_new_policy(statement: Mapping[str, Any]) -> bool:
    actions = statement.get("Action", [])
    patterns = [actions] if isinstance(actions, str) else actions
    return statement.get("Effect") == "Allow" and any(
        fnmatchcase("kms:PutKeyPolicy", str(pattern)) for pattern in patterns
    )


def _rotation(scope: Scope) -> Iterator[Request]:
    if scope.inputs.get("enableKeyRotation"):
        period = scope.inputs.get("rotationPeriodInDays")
        parameters = {"KeyId": scope.id, **({} if period is None else {"RotationPeriodInDays": period})}
        origins = {"RotationPeriodInDays": "rotationPeriodInDays"}
        yield Request("EnableKeyRotation", parameters, origins=origins)
    elif scope.before.get("enableKeyRotation"):
        yield Request("DisableKeyRotation", {"KeyId": scope.id})


def _enabled(scope: Scope) -> Iterator[Request]:
    wanted, present = scope.inputs.get("isEnabled", True), scope.before.get("isEnabled", True)
    if wanted != present:
        yield Request("EnableKey" if wanted else "DisableKey", {"KeyId": scope.id})


_KEEP_ROTATION = Requests(takes=("enableKeyRotation", "rotationPeriodInDays"), build=_rotation)
_KEEP_ENABLED = Requests(takes=("isEnabled",), build=_enabled)
_DEFAULT = {"PolicyName": "default"}


TYPES = (
    ResourceType(
        "aws:kms/key:Key",
        id="{uuid}",
        create=(Call("CreateKey"), _KEEP_ROTATION, _KEEP_ENABLED),
        fields={"customerMasterKeySpec": "KeySpec", "policy": To("Policy", resource_policy)},
        defaults={
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "description": "Managed by Pulumi",
            "isEnabled": True,
            "keyUsage": "ENCRYPT_DECRYPT",
        },
        provider_only=("deletionWindowInDays",),
        rules=(_no_lockout,),
        update=(
            Call("PutKeyPolicy", takes=("policy", "bypassPolicyLockoutSafetyCheck"), given=_DEFAULT),
            Call("UpdateKeyDescription", takes=("description",)),
            _KEEP_ROTATION,
            _KEEP_ENABLED,
        ),
        delete=(
            Call(
                "ScheduleKeyDeletion",
                given={"PendingWindowInDays": lambda scope: int(scope.inputs.get("deletionWindowInDays", 30))},
            ),
        ),
        replace=("customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"),
        outputs={"keyId": ID},
    ),
    ResourceType(
        "aws:kms/alias:Alias",
        arn="{name}",
        autoname=Autoname(start="alias/"),
        read=(Call("DescribeKey", given={"KeyId": value("targetKeyId")}),),
        outputs={"targetKeyArn": live("KeyMetadata.Arn")},
    ),
)
