"""AWS Systems Manager: parameters."""

from __future__ import annotations

from local.adapter.rules import exactly_one
from local.adapter.table import ID, Call, ResourceType, Tagging, To, live

SERVICE = "ssm"

_VALUES = ("value", "insecureValue", "valueWo")

TYPES = (
    ResourceType(
        "aws:ssm/parameter:Parameter",
        arn="parameter{name}",
        fields={"insecureValue": "Value", "valueWo": "Value", "valueWoVersion": To("")},
        provider_only=("arn",),
        rules=(exactly_one(*_VALUES),),
        update=(
            Call(
                "PutParameter",
                takes=(
                    "allowedPattern",
                    "description",
                    "keyId",
                    "overwrite",
                    "tier",
                    "type",
                    "valueWoVersion",
                    *_VALUES,
                ),
                given={"Overwrite": True},
                unset={"allowedPattern": "", "description": ""},
            ),
        ),
        replace=("dataType", "name"),
        read=(Call("GetParameter", given={"WithDecryption": True}),),
        outputs={"dataType": live("Parameter.DataType"), "version": live("Parameter.Version")},
        tags=Tagging(
            create="",  # PutParameter takes no tags together with Overwrite
            tag="AddTagsToResource",
            untag="RemoveTagsFromResource",
            given={"ResourceType": "Parameter", "ResourceId": ID},
        ),
    ),
)
