"""AWS Secrets Manager: secrets and their versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.adapter.conversions import decoded, one_of, resource_policy
from local.adapter.rules import exactly_one, must
from local.adapter.table import Call, Request, Requests, ResourceType, Scope, To, response

SERVICE = "secretsmanager"


def _delete(scope: Scope) -> Iterator[Request]:
    """A recovery window of 0 days deletes at once."""
    days = scope.inputs.get("recoveryWindowInDays", 30)
    how: dict[str, Any] = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    yield Request("DeleteSecret", {"SecretId": scope.id, **how})


def _policy(scope: Scope) -> Iterator[Request]:
    policy = scope.inputs.get("policy")
    if policy:
        parameters = {"SecretId": scope.id, "ResourcePolicy": policy}
        yield Request("PutResourcePolicy", parameters, origins={"ResourcePolicy": "policy"})
    else:
        yield Request("DeleteResourcePolicy", {"SecretId": scope.id})


def _version_id(scope: Scope) -> str:
    return f"{scope.inputs['secretId']}|{scope.response.get('VersionId', scope.digest[:32])}"


_POLICY = Requests(takes=("policy",), build=_policy)
_VALUES = ("secretString", "secretBinary", "secretStringWo")

TYPES = (
    ResourceType(
        "aws:secretsmanager/secret:Secret",
        id="{arn}",
        found="ARN",
        arn="secret:{name}-{hex:.6}",
        create=(Call("CreateSecret"), _POLICY),
        fields={
            "replicas": "AddReplicaRegions",
            "replicas.lastAccessedDate": "",
            "replicas.status": "",
            "replicas.statusMessage": "",
        },
        defaults={"forceOverwriteReplicaSecret": False, "recoveryWindowInDays": 30},
        provider_only=("recoveryWindowInDays",),
        rules=(must("policy", resource_policy), must("recoveryWindowInDays", one_of(0, *range(7, 31)))),
        update=(
            Call(
                "UpdateSecret",
                takes=("description", "kmsKeyId"),
                unset={"description": "", "kmsKeyId": ""},
            ),
            _POLICY,
        ),
        delete=(Requests(takes=(), build=_delete),),
        replace=("forceOverwriteReplicaSecret", "name", "namePrefix", "replicas", "type"),
    ),
    ResourceType(
        "aws:secretsmanager/secretVersion:SecretVersion",
        id=_version_id,
        create=(Call("PutSecretValue"),),
        fields={
            "secretBinary": To("SecretBinary", decoded),
            "secretStringWo": "SecretString",
            "secretStringWoVersion": "",
        },
        rules=(exactly_one(*_VALUES),),
        update=(),
        delete=(),  # a version goes with its secret; the one in use cannot be deleted
        outputs={"secretArn": response("ARN"), "versionId": response("VersionId")},
    ),
)
