"""AWS CodeDeploy: applications and deployment groups of functions."""

from __future__ import annotations

from typing import Any

from local.adapter.table import Call, ResourceType, Tagging, To, text, value
from local.adapter.values import known_items

SERVICE = "codedeploy"

_NAMED = {"applicationName": value("appName"), "deploymentGroupName": value("deploymentGroupName")}
_NOT_HERE = "deployments to machines and to ECS are not emulated; leave it out"


def _tags(arn: str) -> Tagging:
    return Tagging(create="tags", tag="TagResource", untag="UntagResource", given={"ResourceArn": text(arn)})


def _called(names: Any) -> Any:
    return [{"name": name} for name in known_items(names)]


TYPES = (
    ResourceType(
        "aws:codedeploy/application:Application",
        id="{name}",
        arn="application:{name}",
        fields={"name": "applicationName"},
        replace=("computePlatform", "name"),
        update=(),
        defaults={"computePlatform": "Server"},
        tags=_tags("arn:{partition}:codedeploy:{region}:{account}:application:{name}"),
    ),
    ResourceType(
        "aws:codedeploy/deploymentGroup:DeploymentGroup",
        id="{appName}:{deploymentGroupName}",
        arn="deploymentgroup:{appName}/{deploymentGroupName}",
        fields={"appName": "applicationName", "alarmConfiguration.alarms": To("alarms", _called)},
        replace=("appName", "deploymentGroupName"),
        refused=dict.fromkeys(
            (
                *("autoscalingGroups", "blueGreenDeploymentConfig", "ec2TagFilters", "ec2TagSets", "ecsService"),
                *("loadBalancerInfo", "onPremisesInstanceTagFilters", "outdatedInstancesStrategy"),
                *("terminationHookEnabled", "triggerConfigurations"),
            ),
            _NOT_HERE,
        ),
        update=(
            Call(
                "UpdateDeploymentGroup",
                given={
                    "applicationName": value("appName"),
                    "currentDeploymentGroupName": value("deploymentGroupName"),
                },
            ),
        ),
        read=(Call("GetDeploymentGroup", given=_NAMED),),
        delete=(Call("DeleteDeploymentGroup", given=_NAMED),),
        tags=_tags("arn:{partition}:codedeploy:{region}:{account}:deploymentgroup:{appName}/{deploymentGroupName}"),
    ),
)
