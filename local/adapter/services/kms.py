"""AWS KMS: keys, aliases and key policies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, cast

from local.adapter.conversions import default_policy, resource_policy
from local.adapter.table import (
    ID,
    Autoname,
    Call,
    Request,
    Requests,
    ResourceType,
    Scope,
    Tagging,
    To,
    arn,
    live,
    response,
    value,
)
from local.adapter.values import UNKNOWN
from shapes.check import Fault


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
        yield Request(operation="EnableKeyRotation", parameters=parameters, origins=origins)
    elif scope.before.get("enableKeyRotation"):
        yield Request(operation="DisableKeyRotation", parameters={"KeyId": scope.id})


def _enabled(scope: Scope) -> Iterator[Request]:
    wanted, present = scope.inputs.get("isEnabled", True), scope.before.get("isEnabled", True)
    if wanted != present:
        yield Request(operation="EnableKey" if wanted else "DisableKey", parameters={"KeyId": scope.id})


KEY = ResourceType(
    type="aws:kms/key:Key",
    service="kms",
    create=(
        Call(operation="CreateKey"),
        Requests(takes=("enableKeyRotation", "rotationPeriodInDays"), build=_rotation),
        Requests(takes=("isEnabled",), build=_enabled),
    ),
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
        Call(
            operation="PutKeyPolicy",
            takes=("policy", "bypassPolicyLockoutSafetyCheck"),
            given={"KeyId": ID, "PolicyName": "default"},
        ),
        Call(operation="UpdateKeyDescription", takes=("description",), given={"KeyId": ID}),
        Requests(takes=("enableKeyRotation", "rotationPeriodInDays"), build=_rotation),
        Requests(takes=("isEnabled",), build=_enabled),
    ),
    delete=(
        Call(
            operation="ScheduleKeyDeletion",
            given={"KeyId": ID, "PendingWindowInDays": lambda scope: int(scope.inputs.get("deletionWindowInDays", 30))},
        ),
    ),
    replace=("customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"),
    id=response("KeyMetadata.KeyId"),
    outputs={"arn": response("KeyMetadata.Arn"), "keyId": ID},
    tags=Tagging(tag="TagResource", untag="UntagResource", given={"KeyId": ID}),
)

ALIAS = ResourceType(
    type="aws:kms/alias:Alias",
    service="kms",
    autoname=Autoname(prefix_key="namePrefix", start="alias/"),
    create=(Call(operation="CreateAlias"),),
    fields={"name": "AliasName"},
    provider_only=("namePrefix",),
    update=(Call(operation="UpdateAlias", takes=("targetKeyId",), given={"AliasName": ID}),),
    delete=(Call(operation="DeleteAlias", given={"AliasName": ID}),),
    replace=("name", "namePrefix"),
    id=value("name"),
    read=(Call(operation="DescribeKey", given={"KeyId": value("targetKeyId")}),),
    outputs={"arn": arn("kms", "{name}"), "targetKeyArn": live("KeyMetadata.Arn")},
)

KEY_POLICY = ResourceType(
    type="aws:kms/keyPolicy:KeyPolicy",
    service="kms",
    create=(Call(operation="PutKeyPolicy", given={"PolicyName": "default"}),),
    fields={"policy": To("Policy", resource_policy)},
    rules=(_no_lockout,),
    update=(Call(operation="PutKeyPolicy", given={"PolicyName": "default"}),),
    # A key always has a policy; without this resource it is the one that a new key gets.
    delete=(
        Call(
            operation="PutKeyPolicy",
            given={
                "KeyId": value("keyId"),
                "PolicyName": "default",
                "Policy": lambda scope: default_policy("kms:*", "*", account=scope.account, partition=scope.partition),
            },
        ),
    ),
    replace=("keyId",),
    id=value("keyId"),
)

TYPES = (KEY, ALIAS, KEY_POLICY)
