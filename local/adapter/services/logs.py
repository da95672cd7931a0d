"""Amazon CloudWatch Logs: log groups and metric filters (module `cloudwatch` of the provider)."""

from __future__ import annotations

from collections.abc import Iterator

from local.adapter.conversions import one_of
from local.adapter.rules import must
from local.adapter.table import Call, Request, Requests, ResourceType, Scope

SERVICE = "logs"

#: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html; 0 keeps logs for
#: ever.
_RETENTION_DAYS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


def _retention(scope: Scope) -> Iterator[Request]:
    days = scope.inputs.get("retentionInDays", 0)
    if days:
        parameters = {"logGroupName": scope.id, "retentionInDays": days}
        yield Request("PutRetentionPolicy", parameters)
    elif scope.before.get("retentionInDays"):
        yield Request("DeleteRetentionPolicy", {"logGroupName": scope.id})


def _key(scope: Scope) -> Iterator[Request]:
    key = scope.inputs.get("kmsKeyId")
    if key:
        yield Request("AssociateKmsKey", {"logGroupName": scope.id, "kmsKeyId": key})
    else:
        yield Request("DisassociateKmsKey", {"logGroupName": scope.id})


_KEEP_FOR = Requests(takes=("retentionInDays",), build=_retention)

TYPES = (
    ResourceType(
        "aws:cloudwatch/logGroup:LogGroup",
        arn="log-group:{name}",
        create=(Call("CreateLogGroup"), _KEEP_FOR),
        defaults={"retentionInDays": 0, "skipDestroy": False},
        provider_only=("skipDestroy",),
        rules=(must("retentionInDays", one_of(*_RETENTION_DAYS)),),
        update=(
            _KEEP_FOR,
            Requests(takes=("kmsKeyId",), build=_key),
            Call(
                "PutLogGroupDeletionProtection",
                takes=("deletionProtectionEnabled",),
                unset={"deletionProtectionEnabled": False},
            ),
        ),
        replace=("logGroupClass", "name", "namePrefix"),
        lacking=("PutLogGroupDeletionProtection",),
    ),
)
