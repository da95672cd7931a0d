"""AWS Secrets Manager: secrets and their versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.adapter.conversions import decoded, one_of, resource_policy
from local.adapter.rules import exactly_one, must
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
    response,
)


def _delete(scope: Scope) -> Iterator[Request]:
    """A recovery window of 0 days deletes at once."""
    days = scope.inputs.get("recoveryWindowInDays", 30)
    how: dict[str, Any] = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    yield Request(operation="DeleteSecret", parameters={"SecretId": scope.id, **how})


def _policy(scope: Scope) -> Iterator[Request]:
    policy = scope.inputs.get("policy")
    if policy:
        parameters = {"SecretId": scope.id, "ResourcePolicy": policy}
        yield Request(operation="PutResourcePolicy", parameters=parameters, origins={"ResourcePolicy": "policy"})
    else:
        yield Request(operation="DeleteResourcePolicy", parameters={"SecretId": scope.id})


SECRET = ResourceType(
    type="aws:secretsmanager/secret:Secret",
    service="secretsmanager",
    autoname=Autoname(prefix_key="namePrefix", longest=512),
    create=(Call(operation="CreateSecret"), Requests(takes=("policy",), build=_policy)),
    fields={
        "replicas": "AddReplicaRegions",
        "replicas.lastAccessedDate": "",
        "replicas.status": "",
        "replicas.statusMessage": "",
    },
    defaults={"forceOverwriteReplicaSecret": False, "recoveryWindowInDays": 30},
    provider_only=("namePrefix", "recoveryWindowInDays"),
    rules=(must("policy", resource_policy), must("recoveryWindowInDays", one_of(0, *range(7, 31)))),
    update=(
        Call(
            operation="UpdateSecret",
            takes=("description", "kmsKeyId"),
            given={"SecretId": ID},
            unset={"description": "", "kmsKeyId": ""},
        ),
        Requests(takes=("policy",), build=_policy),
    ),
    delete=(Requests(takes=(), build=_delete),),
    replace=("forceOverwriteReplicaSecret", "name", "namePrefix", "replicas", "type"),
    id=response("ARN"),
    outputs={"arn": ID},
    tags=Tagging(tag="TagResource", untag="UntagResource", given={"SecretId": ID}),
)

_VALUES = ("secretString", "secretBinary", "secretStringWo")


SECRET_VERSION = ResourceType(
    type="aws:secretsmanager/secretVersion:SecretVersion",
    service="secretsmanager",
    create=(Call(operation="PutSecretValue"),),
    fields={
        "secretBinary": To("SecretBinary", decoded),
        "secretStringWo": "SecretString",
        "secretStringWoVersion": "",
    },
    rules=(exactly_one(*_VALUES),),
    delete=(),  # a version goes with its secret; the one in use cannot be deleted
    replace=("secretId", "secretStringWoVersion", "versionStages", *_VALUES),
    id=lambda scope: f"{scope.inputs['secretId']}|{scope.response['VersionId']}",
    outputs={"arn": response("ARN"), "secretArn": response("ARN"), "versionId": response("VersionId")},
)

TYPES = (SECRET, SECRET_VERSION)
