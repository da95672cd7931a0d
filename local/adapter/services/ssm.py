"""AWS Systems Manager: parameters."""

from __future__ import annotations

from local.adapter.rules import exactly_one
from local.adapter.table import ID, Autoname, Call, ResourceType, Tagging, To, live, value

_VALUES = ("value", "insecureValue", "valueWo")

PARAMETER = ResourceType(
    type="aws:ssm/parameter:Parameter",
    service="ssm",
    autoname=Autoname(),
    create=(Call(operation="PutParameter"),),
    fields={"insecureValue": "Value", "valueWo": "Value", "valueWoVersion": To("")},
    provider_only=("arn",),
    rules=(exactly_one(*_VALUES),),
    update=(
        Call(
            operation="PutParameter",
            takes=("allowedPattern", "description", "keyId", "overwrite", "tier", "type", "valueWoVersion", *_VALUES),
            given={"Name": ID, "Overwrite": True},
            unset={"allowedPattern": "", "description": ""},
        ),
    ),
    delete=(Call(operation="DeleteParameter", given={"Name": ID}),),
    replace=("dataType", "name"),
    id=value("name"),
    read=(Call(operation="GetParameter", given={"Name": ID, "WithDecryption": True}),),
    outputs={
        "arn": live("Parameter.ARN"),
        "dataType": live("Parameter.DataType"),
        "version": live("Parameter.Version"),
    },
    tags=Tagging(
        create="",  # PutParameter takes no tags together with Overwrite
        tag="AddTagsToResource",
        untag="RemoveTagsFromResource",
        given={"ResourceType": "Parameter", "ResourceId": ID},
    ),
)

TYPES = (PARAMETER,)
