"""AWS CloudTrail."""

from __future__ import annotations

from collections.abc import Iterator

from local.adapter.table import Call, Request, Requests, ResourceType, Scope, Tagging, response, text, value

SERVICE = "cloudtrail"

_NAMED = {"TrailName": value("name")}
_SELECTORS = Call("PutEventSelectors", takes=("eventSelectors", "advancedEventSelectors"), given=_NAMED)
_INSIGHTS = Call("PutInsightSelectors", takes=("insightSelectors",), given=_NAMED)


def _logging(scope: Scope) -> Iterator[Request]:
    wanted, present = scope.inputs.get("enableLogging", True), bool(scope.before) and scope.before.get("enableLogging")
    if wanted != present:
        yield Request("StartLogging" if wanted else "StopLogging", {"Name": value("name")(scope)})


_LOGGING = Requests(takes=("enableLogging",), build=_logging)

TYPES = (
    ResourceType(
        "aws:cloudtrail/trail:Trail",
        id="arn:{partition}:cloudtrail:{region}:{account}:trail/{name}",
        found="TrailARN",
        create=(Call("CreateTrail"), _SELECTORS, _INSIGHTS, _LOGGING),
        update=(Call("UpdateTrail"), _SELECTORS, _INSIGHTS, _LOGGING),
        fields={
            "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn",
            "advancedEventSelectors.fieldSelectors.startsWiths": "StartsWith",
        },
        tags=Tagging(
            create="TagsList",
            tag="AddTags",
            untag="RemoveTags",
            given={"ResourceId": value("arn")},
            member="TagsList",
            keys="TagsList",
            as_key_objects=True,
        ),
        defaults={"enableLogging": True, "includeGlobalServiceEvents": True},
        outputs={"homeRegion": text("{region}"), "snsTopicArn": response("SnsTopicARN")},
    ),
)
