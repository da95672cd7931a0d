"""Amazon EventBridge Scheduler: schedules and their groups."""

from __future__ import annotations

from local.adapter.conversions import switch
from local.adapter.table import Autoname, Call, ResourceType, Tagging, To, response, text, value

SCHEDULE = ResourceType(
    type="aws:scheduler/schedule:Schedule",
    service="scheduler",
    autoname=Autoname(prefix_key="namePrefix", longest=64),
    create=(Call(operation="CreateSchedule"),),
    fields={
        "target.ecsParameters.networkConfiguration.assignPublicIp": To(
            "awsvpcConfiguration.AssignPublicIp", switch("ENABLED", "DISABLED")
        ),
        "target.ecsParameters.networkConfiguration.securityGroups": "awsvpcConfiguration.SecurityGroups",
        "target.ecsParameters.networkConfiguration.subnets": "awsvpcConfiguration.Subnets",
        "target.ecsParameters.placementStrategies": "PlacementStrategy",
        "target.ecsParameters.tags": To("Tags", lambda tags: [tags]),
        "target.sagemakerPipelineParameters.pipelineParameters": "PipelineParameterList",
    },
    defaults={"groupName": "default", "scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
    provider_only=("namePrefix",),
    update=(Call(operation="UpdateSchedule"),),
    delete=(Call(operation="DeleteSchedule", given={"Name": value("name"), "GroupName": value("groupName")}),),
    replace=("groupName", "name", "namePrefix"),
    id=text("{groupName}/{name}"),
    outputs={"arn": response("ScheduleArn")},
)

SCHEDULE_GROUP = ResourceType(
    type="aws:scheduler/scheduleGroup:ScheduleGroup",
    service="scheduler",
    autoname=Autoname(prefix_key="namePrefix", longest=64),
    create=(Call(operation="CreateScheduleGroup"),),
    provider_only=("namePrefix",),
    delete=(Call(operation="DeleteScheduleGroup", given={"Name": value("name")}),),
    replace=("name", "namePrefix"),
    id=value("name"),
    outputs={"arn": response("ScheduleGroupArn")},
    tags=Tagging(tag="TagResource", untag="UntagResource", given={"ResourceArn": value("arn")}),
)

TYPES = (SCHEDULE, SCHEDULE_GROUP)
