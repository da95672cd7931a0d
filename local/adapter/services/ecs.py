"""Amazon ECS: clusters, task definitions and services."""

from __future__ import annotations

from typing import Any

from local.adapter.conversions import as_number, json_object, switch
from local.adapter.table import ID, Call, ResourceType, Tagging, To, Wait, live, response, text, value

SERVICE = "ecs"

_NOT_HERE = "the platform's services have none; leave it out"
_CIRCUIT, _ALARMS = "deploymentConfiguration.deploymentCircuitBreaker", "deploymentConfiguration.alarms"
_BY_NAME = {"cluster": value("cluster"), "service": value("name")}

_NONE_OF_A_SERVICE = (
    *("iamRole", "orderedPlacementStrategies", "placementConstraints", "serviceConnectConfiguration"),
    *("serviceRegistries", "volumeConfiguration", "vpcLatticeConfigurations"),
)
_OF_AN_UPDATE = (
    *("alarms", "availabilityZoneRebalancing", "capacityProviderStrategies", "deploymentCircuitBreaker"),
    *("deploymentConfiguration", "deploymentController", "deploymentMaximumPercent"),
    *("deploymentMinimumHealthyPercent", "desiredCount", "enableEcsManagedTags", "enableExecuteCommand"),
    *("healthCheckGracePeriodSeconds", "loadBalancers", "networkConfiguration"),
    *("platformVersion", "propagateTags", "taskDefinition"),
)


def _tags(resource: Any) -> Tagging:
    return Tagging(
        create="tags",
        tag="TagResource",
        untag="UntagResource",
        given={"resourceArn": resource},
        member="tags",
        keys="tagKeys",
    )


def _containers(given: Any) -> Any:
    found = json_object(given)
    if not isinstance(found, list) or not found:
        raise ValueError("must be JSON, a list of containers")
    return found


TYPES = (
    ResourceType(
        "aws:ecs/cluster:Cluster",
        id="arn:{partition}:ecs:{region}:{account}:cluster/{name}",
        arn="{id}",
        refused={"configuration": _NOT_HERE, "serviceConnectDefaults": _NOT_HERE},
        replace=("name",),
        update=(Call("UpdateCluster", takes=("settings",), given={"cluster": value("name")}),),
        delete=(Call("DeleteCluster", given={"cluster": value("name")}),),
        tags=_tags(ID),
    ),
    ResourceType(
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
        id="{clusterName}",
        create=(Call("PutClusterCapacityProviders", given={"defaultCapacityProviderStrategy": []}),),
        update=(
            Call(
                "PutClusterCapacityProviders",
                takes=("capacityProviders",),
                given={"cluster": ID, "defaultCapacityProviderStrategy": []},
            ),
        ),
        fields={"clusterName": "cluster"},
        replace=("clusterName",),
        refused={"defaultCapacityProviderStrategies": _NOT_HERE},
        delete=(
            Call(
                "PutClusterCapacityProviders",
                given={"cluster": ID, "capacityProviders": [], "defaultCapacityProviderStrategy": []},
            ),
        ),
        tags=None,
    ),
    ResourceType(
        "aws:ecs/taskDefinition:TaskDefinition",
        id="{family}",
        create=(Call("RegisterTaskDefinition"),),
        update=(),
        delete=(Call("DeregisterTaskDefinition", given={"taskDefinition": value("arn")}),),
        fields={
            "containerDefinitions": To("containerDefinitions", _containers),
            "volumes.hostPath": "host.sourcePath",
            "volumes.configureAtLaunch": "configuredAtLaunch",
        },
        refused={"proxyConfiguration": _NOT_HERE, "placementConstraints": _NOT_HERE},
        provider_only=("skipDestroy", "trackLatest"),
        defaults={"skipDestroy": False, "trackLatest": False, "enableFaultInjection": False},
        outputs={
            "arn": response("taskDefinition.taskDefinitionArn"),
            "arnWithoutRevision": text("arn:{partition}:ecs:{region}:{account}:task-definition/{family}"),
            "revision": response("taskDefinition.revision"),
        },
        tags=_tags(value("arn")),
    ),
    ResourceType(
        "aws:ecs/service:Service",
        id="arn:{partition}:ecs:{region}:{account}:service/{cluster}/{name}",
        arn="{id}",
        fields={
            "alarms": _ALARMS,
            "capacityProviderStrategies": "capacityProviderStrategy",
            "deploymentCircuitBreaker": _CIRCUIT,
            "deploymentConfiguration.bakeTimeInMinutes": To("bakeTimeInMinutes", as_number),
            "deploymentConfiguration.canaryConfiguration.canaryBakeTimeInMinutes": To(
                "canaryBakeTimeInMinutes", as_number
            ),
            "deploymentConfiguration.linearConfiguration.stepBakeTimeInMinutes": To("stepBakeTimeInMinutes", as_number),
            "deploymentMaximumPercent": "deploymentConfiguration.maximumPercent",
            "deploymentMinimumHealthyPercent": "deploymentConfiguration.minimumHealthyPercent",
            "enableEcsManagedTags": "enableECSManagedTags",
            "loadBalancers.elbName": "loadBalancerName",
            "networkConfiguration.assignPublicIp": To(
                "awsvpcConfiguration.assignPublicIp", switch("ENABLED", "DISABLED")
            ),
            "networkConfiguration.securityGroups": "awsvpcConfiguration.securityGroups",
            "networkConfiguration.subnets": "awsvpcConfiguration.subnets",
        },
        refused=dict.fromkeys(_NONE_OF_A_SERVICE, _NOT_HERE),
        provider_only=("forceDelete", "forceNewDeployment", "sigintRollback", "triggers", "waitForSteadyState"),
        defaults={"waitForSteadyState": False},
        update=(
            Call(
                "UpdateService",
                takes=_OF_AN_UPDATE,
                # The provider sends only what has changed (`resourceServiceUpdate` of terraform-provider-aws): tasks
                # that scaling brought stay, and what came back after a rollout that failed.
                only_changed=("desiredCount", "taskDefinition"),
                given={**_BY_NAME, "forceNewDeployment": value("forceNewDeployment")},
            ),
        ),
        replace=("cluster", "launchType", "name", "schedulingStrategy"),
        read=(
            Call("DescribeServices", given={"cluster": value("cluster"), "services[]": value("name")}),
            Call("ListServiceDeployments", given=_BY_NAME),
        ),
        # The provider waits for the deployment's end, and fails where it was turned back (resource
        # aws_ecs_service, `findDeploymentStatus`).
        wait=Wait(
            "serviceDeployments[0].status",
            ready=("SUCCESSFUL",),
            failed=("ROLLBACK_SUCCESSFUL", "STOPPED", "ROLLBACK_FAILED"),
            reason="serviceDeployments[0].statusReason",
        ),
        outputs={"taskDefinition": live("services[0].taskDefinition")},
        delete=(Call("DeleteService", given={**_BY_NAME, "force": True}),),
        tags=_tags(ID),
    ),
)
