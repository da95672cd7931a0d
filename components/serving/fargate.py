"""The endpoint on Fargate: a service of ECS behind an internal load balancer, a task definition for every release.

Releases take over blue/green by ECS itself: a second set of tasks starts behind the other target group, the rule of the
load balancer moves in steps, and alarms or tasks that do not get healthy turn it back. CodeDeploy would move the
service behind the state of the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.service import Service
from components.serving import balancer, kept, tasks
from components.serving.balancer import Balancer
from components.serving.clock import scheduled
from components.serving.endpoint import logs, seen_through
from components.serving.kind import Drawn, EndpointArgs
from components.serving.watch import BUSY_PERCENT, halt, request_alarms, request_graphs
from components.watch import Alarm, Event, Series, Watch, Widget
from contracts.kinds.fargate import SERVICE_METRICS, TASKS
from contracts.names import EndpointNames
from contracts.release.ecs import family
from settings import AllAtOnce, Canary, Linear, bakes
from settings import Fargate as Settings

INFRASTRUCTURE: Final = "balancing"
#: The job that moves endpoints in an emergency (`components.operations.rollback`).
ROLLBACK: Final = "rollback"
_Strategy = aws.ecs.ServiceCapacityProviderStrategyArgsDict
#: Tasks that never run on Spot, one for each of two zones.
_ON_DEMAND: Final = 2
#: Minutes of a deployment beside its baking: tasks start, get healthy, and the old ones answer what they were asked.
_MOVING_MINUTES: Final = 20
#: AWS services that are called from the network for such an endpoint (`components.reach`): image and log of a task,
#: which Fargate fetches and writes from there, and the move in an emergency.
CALLS: Final = {
    tasks.EXECUTION: frozenset({"ecr.api", "ecr.dkr", "logs"}),
    ROLLBACK: frozenset({"ecs"}),
}
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    *balancer.SERVICES,
    Service(
        "ecs",
        types="ecs/cluster ecs/clusterCapacityProviders ecs/service ecs/taskDefinition",
        reads="DescribeClusters DescribeServiceDeployments DescribeServices ListServiceDeployments ListTagsForResource",
        reads_anywhere="DescribeTaskDefinition ListTaskDefinitionFamilies",
        changes="CreateCluster CreateService DeleteCluster DeleteService PutClusterCapacityProviders "
        "RegisterTaskDefinition TagResource UntagResource UpdateCluster UpdateService",
        changes_anywhere="DeregisterTaskDefinition",
        named="*/{every}",
        handed_to="ecs ecs-tasks",
        links="ecs ecs.application-autoscaling elasticloadbalancing",
    ),
)


def moving(names: EndpointNames) -> list[Statement]:
    """What ECS may do to the load balancer while a release takes over (Amazon ECS developer guide, "Amazon ECS
    infrastructure IAM role for load balancers").
    """
    described = [
        f"elasticloadbalancing:Describe{what}" for what in ("Listeners", "Rules", "TargetGroups", "TargetHealth")
    ]
    groups = [names.arn("elasticloadbalancing", f"targetgroup/{names.prefix}-*/*")]
    rules = [names.arn("elasticloadbalancing", f"listener-rule/app/{names.prefix}/*")]
    return [
        access.allow("SeeBalancer", described, ["*"]),
        access.allow(
            "MoveTargets", ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"], groups
        ),
        access.allow("MoveTraffic", ["elasticloadbalancing:ModifyRule"], rules),
    ]


class Fargate(pulumi.ComponentResource):
    """The endpoint.

    serving = Fargate("churn-live", EndpointArgs(ground=ground, names=names, settings=settings, record=record, ...))
    serving.name, serving.url
    """

    service: aws.ecs.Service | None
    name: pulumi.Output[str]
    url: pulumi.Output[str] | None
    """Where clients ask, None while it is stopped: the load balancer's own name, which the certificate's leads to."""

    def __init__(self, name: str, args: EndpointArgs[Settings], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:Fargate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        log_group = logs(name, args, self)
        its = tasks.roles(name, args.ground, args.names, child)
        definitions = [tasks.definition(name, args, release, its, child) for release in args.record.releases]
        self.name, self.service, self.url = pulumi.Output.from_input(args.names.prefix), None, None
        if args.settings.state == "running":
            before = balancer.balancer(name, args, self)
            self.service = _service(name, args, definitions[0], before, log_group, self)
            self.name, self.url = self.service.name, before.load_balancer.dns_name.apply(lambda host: f"https://{host}")
            if args.settings.autoscaling.enabled:
                _scaling(name, args, self.service, child)
        self.register_outputs({"endpoint": self.name, "release": args.record.wanted.id, "url": self.url})

    @property
    def live(self) -> pulumi.Resource | None:
        """The service; None while it is stopped."""
        return self.service


def _cluster(
    name: str, args: EndpointArgs[Settings], child: pulumi.ResourceOptions
) -> aws.ecs.ClusterCapacityProviders:
    """A cluster of the endpoint's own: it costs nothing, and its metrics are the endpoint's."""
    cluster = aws.ecs.Cluster(
        f"{name}-cluster",
        name=args.names.prefix,
        settings=[{"name": "containerInsights", "value": "enabled"}],
        opts=child,
    )
    return aws.ecs.ClusterCapacityProviders(
        f"{name}-capacity",
        cluster_name=cluster.name,
        capacity_providers=["FARGATE", "FARGATE_SPOT"],
        opts=child,
    )


def capacity(spot_percent: int) -> list[_Strategy]:
    """Where tasks run: the first two never on Spot, of the others a share."""
    on_demand: _Strategy = {"capacity_provider": "FARGATE", "base": _ON_DEMAND, "weight": 100 - spot_percent}
    spot: _Strategy = {"capacity_provider": "FARGATE_SPOT", "weight": spot_percent}
    return [on_demand, *([spot] if spot_percent else [])]


def deployment(rollout: AllAtOnce | Canary | Linear) -> aws.ecs.ServiceDeploymentConfigurationArgsDict:
    """The rollout of the settings as ECS does it: by a second set of tasks, which stays for one more bake time."""
    bake = str(rollout.bake_minutes)
    match rollout:
        case AllAtOnce():
            return {"strategy": "BLUE_GREEN", "bake_time_in_minutes": bake}
        case Canary(canary_percent=percent):
            return {
                "strategy": "CANARY",
                "bake_time_in_minutes": bake,
                "canary_configuration": {"canary_percent": percent, "canary_bake_time_in_minutes": bake},
            }
        case Linear(step_percent=percent):
            return {
                "strategy": "LINEAR",
                "bake_time_in_minutes": bake,
                "linear_configuration": {"step_percent": percent, "step_bake_time_in_minutes": bake},
            }


def _service(
    name: str,
    args: EndpointArgs[Settings],
    wanted: aws.ecs.TaskDefinition,
    before: Balancer,
    log_group: pulumi.Resource,
    parent: pulumi.Resource,
) -> aws.ecs.Service:
    names, settings, ground = args.names, args.settings, args.ground
    child = pulumi.ResourceOptions(parent=parent)
    infrastructure = access.Role(
        f"{name}-{INFRASTRUCTURE}",
        access.RoleArgs(
            names=names,
            job=INFRASTRUCTURE,
            service="ecs.amazonaws.com",
            names_source=False,  # the guide's trust policy has no condition on it
            description="Moves the endpoint's traffic between tasks",
            statements=moving(names),
            permissions_boundary=ground.services_boundary,
        ),
        child,
    )
    cluster = _cluster(name, args, child)
    guards = [*args.rollback_alarms, _unanswered(name, args, before, child).name]
    minutes = bakes(settings.rollout) * settings.rollout.bake_minutes + _MOVING_MINUTES
    scaled = ["desired_count"] if settings.autoscaling.enabled else []
    # After an emergency move a refresh reads how that was done; the next release brings the settings back.
    moved = ["deployment_configuration"] if args.record.wanted.by_rollback else []
    return aws.ecs.Service(
        f"{name}-service",
        name=names.prefix,
        cluster=cluster.cluster_name,
        task_definition=wanted.arn,
        desired_count=settings.task_count,
        capacity_provider_strategies=capacity(settings.spot_percent),
        # Without it the provider does not change where tasks run: it would replace the service.
        force_new_deployment=True,
        network_configuration={
            "subnets": ground.network.subnet_ids,
            "security_groups": [ground.network.security_group_id, before.tasks_group_id],
            "assign_public_ip": False,
        },
        load_balancers=[
            {
                "target_group_arn": before.blue.arn,
                "container_name": tasks.CONTAINER,
                "container_port": balancer.PORT,
                "advanced_configuration": {
                    "alternate_target_group_arn": before.green.arn,
                    "production_listener_rule": before.rule.arn,
                    "role_arn": infrastructure.arn,
                },
            }
        ],
        availability_zone_rebalancing="ENABLED",
        # The service itself starts with a third of a second of CPU (measured); before that it fetches and unpacks its
        # model, which a quarter of a vCPU does slowly. A container that ends is seen at once all the same.
        health_check_grace_period_seconds=120,
        deployment_configuration=deployment(settings.rollout),
        deployment_circuit_breaker={"enable": True, "rollback": True},
        deployment_minimum_healthy_percent=100,
        deployment_maximum_percent=200,
        alarms={"alarm_names": guards, "enable": True, "rollback": True},
        propagate_tags="SERVICE",
        enable_ecs_managed_tags=True,
        wait_for_steady_state=True,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[cluster, log_group, before.rule],
            protect=ground.protect,
            ignore_changes=[*scaled, *moved],
            custom_timeouts=pulumi.CustomTimeouts(create="30m", update=f"{minutes}m", delete="30m"),
            hooks=seen_through(name, args, "taskDefinition", family),
            transforms=kept.where_it_is(args.record, "taskDefinition", family),
        ),
    )


def _unanswered(
    name: str, args: EndpointArgs[Settings], before: Balancer, child: pulumi.ResourceOptions
) -> aws.cloudwatch.MetricAlarm:
    """Of what no task answers, none tells. The load balancer counts it by itself, under a name that AWS gives it."""
    limit = args.settings.alarms.server_errors
    return aws.cloudwatch.MetricAlarm(
        f"{name}-unanswered",
        name=args.names.resource("unanswered"),
        alarm_description=f"more than {limit} requests in 5 minutes, twice, that no task of the endpoint answered",
        namespace="AWS/ApplicationELB",
        metric_name="HTTPCode_ELB_5XX_Count",
        dimensions={"LoadBalancer": before.suffix},
        statistic="Sum",
        comparison_operator="GreaterThanThreshold",
        threshold=limit,
        period=300,
        evaluation_periods=2,
        datapoints_to_alarm=2,
        treat_missing_data="notBreaching",
        actions_enabled=True,
        alarm_actions=[args.ground.alerts_arn],
        ok_actions=[args.ground.alerts_arn],
        opts=child,
    )


def _scaling(name: str, args: EndpointArgs[Settings], service: aws.ecs.Service, child: pulumi.ResourceOptions) -> None:
    """By the clock, and by the CPU of the tasks: requests by target are unknown where two target groups take turns."""
    settings, names = args.settings.autoscaling, args.names
    target = aws.appautoscaling.Target(
        f"{name}-target",
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=service.name.apply(lambda live: f"service/{live}/{live}"),
        min_capacity=settings.minimum,
        max_capacity=settings.maximum,
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[service])),
    )
    aws.appautoscaling.Policy(
        f"{name}-cpu",
        name=names.resource("cpu"),
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration={
            "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
            "target_value": settings.cpu_percent,
            "scale_out_cooldown": settings.scale_out_cooldown_seconds,
            "scale_in_cooldown": settings.scale_in_cooldown_seconds,
        },
        opts=child,
    )
    for schedule in settings.schedules:
        scheduled(name, names, "tasks", schedule, settings.timezone, target, child)


def _watch(names: EndpointNames, settings: Settings, variants: Sequence[str], _: Iterable[str] = ()) -> Watch:
    """Errors and latency as of any endpoint, by what the service tells of itself; its tasks, and failed rollouts."""
    dimensions = {"ClusterName": names.prefix, "ServiceName": names.prefix}
    failed = Event(
        name=names.resource("endpoint-failed"),
        description="A rollout of the endpoint failed, or tasks cannot be placed",
        pattern={
            "source": ["aws.ecs"],
            "detail-type": ["ECS Deployment State Change", "ECS Service Action"],
            "resources": [names.arn("ecs", f"service/{names.prefix}/{names.prefix}")],
            "detail": {"eventType": ["ERROR"]},
        },
    )
    if not variants:
        return Watch(events=(failed,))
    busy = [
        Alarm(
            name=names.resource(part.lower()),
            description=f"tasks: more than {BUSY_PERCENT} % of the {part} in use for 15 minutes",
            namespace=TASKS,
            metric=f"{part.title() if part == 'memory' else part}Utilization",
            dimensions=dimensions,
            statistic="Average",
            threshold=BUSY_PERCENT,
            periods=3,
        )
        for part in ("CPU", "memory")
    ]
    requests = [
        alarm
        for variant in variants
        for alarm in request_alarms(names, variant, settings.alarms, namespace=SERVICE_METRICS)
    ]
    use = Widget(
        title=f"{names.endpoint}: CPU and memory of the tasks (percent)",
        series=[
            Series(namespace=TASKS, metric=metric, dimensions=dimensions, statistic="Average")
            for metric in ("CPUUtilization", "MemoryUtilization")
        ],
    )
    return Watch(
        alarms=(*requests, *busy, halt(names)),
        widgets=(*request_graphs(names, variants, namespace=SERVICE_METRICS), use),
        events=(failed,),
    )


KIND: Final = Drawn(settings=Settings, build=Fargate, watch=_watch)
