"""Amazon CloudWatch Logs: log groups and metric filters (module `cloudwatch` of the provider)."""

from __future__ import annotations

from collections.abc import Iterator

from local.adapter.conversions import as_number, json_text, one_of
from local.adapter.rules import must
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
    value,
)

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
        yield Request(operation="PutRetentionPolicy", parameters=parameters)
    elif scope.before.get("retentionInDays"):
        yield Request(operation="DeleteRetentionPolicy", parameters={"logGroupName": scope.id})


def _key(scope: Scope) -> Iterator[Request]:
    key = scope.inputs.get("kmsKeyId")
    if key:
        yield Request(operation="AssociateKmsKey", parameters={"logGroupName": scope.id, "kmsKeyId": key})
    else:
        yield Request(operation="DisassociateKmsKey", parameters={"logGroupName": scope.id})


LOG_GROUP = ResourceType(
    type="aws:cloudwatch/logGroup:LogGroup",
    service="logs",
    autoname=Autoname(prefix_key="namePrefix", longest=512),
    create=(Call(operation="CreateLogGroup"), Requests(takes=("retentionInDays",), build=_retention)),
    fields={"name": "logGroupName"},
    defaults={"retentionInDays": 0, "skipDestroy": False},
    provider_only=("namePrefix", "skipDestroy"),
    rules=(must("retentionInDays", one_of(*_RETENTION_DAYS)),),
    update=(
        Requests(takes=("retentionInDays",), build=_retention),
        Requests(takes=("kmsKeyId",), build=_key),
        Call(
            operation="PutLogGroupDeletionProtection",
            takes=("deletionProtectionEnabled",),
            given={"logGroupIdentifier": ID},
            unset={"deletionProtectionEnabled": False},
        ),
    ),
    delete=(Call(operation="DeleteLogGroup", given={"logGroupName": ID}),),
    replace=("logGroupClass", "name", "namePrefix"),
    id=value("name"),
    outputs={"arn": arn("logs", "log-group:{name}")},
    tags=Tagging(
        create="tags",
        tag="TagResource",
        untag="UntagResource",
        given={"resourceArn": value("arn")},
        member="tags",
        keys="tagKeys",
    ),
)

METRIC_FILTER = ResourceType(
    type="aws:cloudwatch/logMetricFilter:LogMetricFilter",
    service="logs",
    autoname=Autoname(longest=512),
    create=(Call(operation="PutMetricFilter"),),
    fields={
        "metricTransformation": "metricTransformations[]",
        "metricTransformation.defaultValue": To("defaultValue", as_number),
        "metricTransformation.name": "metricName",
        "metricTransformation.namespace": "metricNamespace",
        "metricTransformation.value": "metricValue",
        "name": "filterName",
        "pattern": "filterPattern",
    },
    update=(Call(operation="PutMetricFilter"),),
    delete=(Call(operation="DeleteMetricFilter", given={"filterName": ID, "logGroupName": value("logGroupName")}),),
    replace=("logGroupName", "name"),
    id=value("name"),
)

RESOURCE_POLICY = ResourceType(
    type="aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    service="logs",
    create=(Call(operation="PutResourcePolicy"),),
    fields={"policyDocument": To("policyDocument", json_text)},
    update=(Call(operation="PutResourcePolicy"),),
    delete=(Call(operation="DeleteResourcePolicy", given={"policyName": ID}),),
    replace=("policyName", "resourceArn"),
    id=value("policyName"),
)

TYPES = (LOG_GROUP, METRIC_FILTER, RESOURCE_POLICY)
