"""AWS CloudFormation: stacks of what the provider lacks."""

from __future__ import annotations

import json
from typing import Any

from local.adapter.conversions import json_object
from local.adapter.table import ABSENT, ID, Call, ResourceType, Scope, Tagging, To, Wait, live

SERVICE = "cloudformation"

_NAMED = {"StackName": ID}
_NOT_HERE = "the platform's stacks have none; leave it out"


def _template(body: Any) -> str:
    found = json_object(body)
    if not isinstance(found, dict) or "Resources" not in found:
        raise ValueError('must be a template, a JSON object with "Resources"')
    return str(body)


def _outputs(scope: Scope) -> Any:
    if not scope.live:
        return ABSENT
    (stack,) = scope.live["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def template_body(scope: Scope) -> Any:
    """The template as text, in one form: a client of the API reads JSON as what it says."""
    found = live("TemplateBody")(scope)
    return found if found is ABSENT else json.dumps(found, sort_keys=True, separators=(",", ":"))


TYPES = (
    ResourceType(
        "aws:cloudformation/stack:Stack",
        id="arn:{partition}:cloudformation:{region}:{account}:stack/{name}/{uuid}",
        found="StackId",
        fields={"name": "StackName", "templateBody": To("TemplateBody", _template)},
        refused=dict.fromkeys(
            (
                *("capabilities", "disableRollback", "iamRoleArn", "notificationArns", "parameters", "policyBody"),
                *("policyUrl", "templateUrl", "timeoutInMinutes"),
            ),
            _NOT_HERE,
        ),
        replace=("name", "onFailure"),
        update=(Call("UpdateStack", takes=("templateBody",), given=_NAMED),),
        read=(Call("DescribeStacks", given=_NAMED), Call("GetTemplate", given=_NAMED)),
        delete=(Call("DeleteStack", given=_NAMED),),
        # The provider fails where the stack went back (resource aws_cloudformation_stack, `WaitStackUpdated`).
        wait=Wait(
            "Stacks[0].StackStatus",
            ready=("CREATE_COMPLETE", "UPDATE_COMPLETE"),
            failed=(
                *("CREATE_FAILED", "DELETE_COMPLETE", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"),
                *("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"),
            ),
            reason="Stacks[0].StackStatusReason",
        ),
        outputs={"outputs": _outputs, "templateBody": template_body},
        tags=Tagging(tag="UpdateStack", untag="UpdateStack", given={**_NAMED, "UsePreviousTemplate": True}, whole=True),
    ),
)
