"""The endpoint in Lambda: one function, whose versions are releases, and an alias that leads to the live one.

The function has what the wanted release needs, and each change of it publishes a version. CodeDeploy moves the alias to
the new version in steps while alarms watch: the program asks it to, before the alias is updated, and waits
(`automation.operations.shifting`); what is turned back fails the update there, with nothing written of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.content import content_name
from components.ground.keys import Domain
from components.models import packages
from components.service import Service
from components.serving import models
from components.serving.clock import scheduled
from components.serving.endpoint import logs
from components.serving.kept import turned_back
from components.serving.kind import Drawn, EndpointArgs
from components.serving.watch import SERVER_ERRORS, halt
from components.watch import Alarm, Channel, Event, Series, Watch, Widget
from contracts.kinds.lambda_ import FUNCTIONS
from contracts.names import EndpointNames
from contracts.release import CHAMPION
from contracts.release.lambda_ import ALIAS, description
from settings import Lambda as Settings
from settings import ShiftAtOnce, ShiftCanary, ShiftLinear

ROLE: Final = "endpoint"
SHIFTING: Final = "shifting"
#: The job that moves endpoints in an emergency (`components.operations.rollback`), and what it calls for that.
CALLS: Final = {"rollback": frozenset({"codedeploy", "lambda"})}
#: Where the model is unpacked: all else of a function's file system is read-only.
_MODEL: Final = "/tmp/model"  # noqa: S108 - its name in a container
#: What decides about a version; of one that was turned back it stays as it is.
_OF_A_VERSION: Final[Sequence[str]] = (
    "architectures",
    "description",
    "environment",
    "imageUri",
    "memorySize",
    "timeout",
)
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "codedeploy",
        types="codedeploy/application codedeploy/deploymentGroup",
        reads="BatchGetDeployments GetApplication GetDeployment GetDeploymentConfig GetDeploymentGroup ListDeployments "
        "ListTagsForResource",
        changes="CreateApplication CreateDeployment CreateDeploymentGroup DeleteApplication DeleteDeploymentGroup "
        "RegisterApplicationRevision TagResource UntagResource UpdateDeploymentGroup",
        named="application:{every} deploymentconfig:CodeDeployDefault.* deploymentgroup:{every}",
        handed_to="codedeploy",
    ),
    Service(
        "lambda",
        types="lambda/alias lambda/provisionedConcurrencyConfig",
        reads="GetAlias GetProvisionedConcurrencyConfig",
        changes="CreateAlias DeleteAlias DeleteProvisionedConcurrencyConfig PublishVersion "
        "PutProvisionedConcurrencyConfig UpdateAlias",
        named="function:{every}",
        links="lambda.application-autoscaling",
    ),
)


def statements(
    names: EndpointNames,
    *,
    models_key: pulumi.Input[str],
    processed_key: pulumi.Input[str],
    messages_key: pulumi.Input[str],
) -> list[Statement]:
    """What the function may do: stand in the network, load its model, write its log and traces, capture its traffic."""
    return [
        access.write_logs(names, [names.log_group]),
        *access.function_network_interfaces(names),
        access.allow("Trace", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
        *access.read_objects("LoadModels", names, names.artifacts_bucket, [names.layout.runs]),
        access.use_key("DecryptModels", [models_key], write=False),
        *models.capturing(names, processed_key),
        access.send_dead_letters(names),
        access.use_key("EncryptMessages", [messages_key], write=True),
    ]


def shifting(names: EndpointNames) -> list[Statement]:
    """What CodeDeploy may do: move the alias, and look at the alarms (AWS managed policy
    AWSCodeDeployRoleForLambdaLimited, without the functions of hooks and the bucket of revisions).
    """
    function = names.arn("lambda", f"function:{names.prefix}")
    return [
        access.allow(
            "MoveAlias",
            ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"],
            [function, f"{function}:*"],
        ),
        access.allow("SeeAlarms", ["cloudwatch:DescribeAlarms"], [names.arn("cloudwatch", f"alarm:{names.prefix}-*")]),
    ]


class Lambda(pulumi.ComponentResource):
    """The endpoint.

    serving = Lambda("churn-live", EndpointArgs(ground=ground, names=names, settings=settings, record=record, ...))
    serving.name
    """

    name: pulumi.Output[str]

    def __init__(self, name: str, args: EndpointArgs[Settings], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:Lambda", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        function = _function(name, args, logs(name, args, self), child)
        group = _group(name, args, child)
        self._alias = _alias(name, args, function, group, self)
        self.name = self._alias.function_name
        if args.settings.state == "running" and args.settings.provisioned_concurrency:
            _warm(name, args, self._alias, args.settings.provisioned_concurrency, child)
        self._running = args.settings.state == "running"
        self.register_outputs({"endpoint": self.name, "release": args.record.wanted.id})

    @property
    def live(self) -> pulumi.Resource | None:
        """The alias; None while the endpoint is stopped."""
        return self._alias if self._running else None


def _function(
    name: str, args: EndpointArgs[Settings], log_group: aws.cloudwatch.LogGroup, child: pulumi.ResourceOptions
) -> aws.lambda_.Function:
    names, settings, ground, keys = args.names, args.settings, args.ground, args.ground.keys
    wanted = args.record.wanted
    role = access.Role(
        f"{name}-role",
        access.RoleArgs(
            names=names,
            job=ROLE,
            service="lambda.amazonaws.com",
            names_source=False,
            description="The endpoint's models",
            statements=statements(
                names,
                models_key=keys[Domain.MODELS].arn,
                processed_key=keys[Domain.PROCESSED].arn,
                messages_key=keys[Domain.MESSAGES].arn,
            ),
            permissions_boundary=ground.services_boundary,
        ),
        child,
    )
    found = packages.served(args.packages[wanted.champion], settings.processor)
    variables = {**found.get("Environment", {}), **_environment(args), "MODEL_URI": found["ModelDataUrl"]}
    content = [found["Image"], settings.memory_mb, settings.timeout_seconds, variables, role.arn]
    says = content_name(f"{names.prefix}-{wanted.id}", content).apply(lambda own: description(own, wanted.champion))
    kept: list[str] = [*_OF_A_VERSION] if turned_back(args.record.releases) else []
    return aws.lambda_.Function(
        f"{name}-function",
        name=names.prefix,
        description=says,
        package_type="Image",
        image_uri=found["Image"],
        image_config={
            "entry_points": ["python", "-m", "awslambdaric"],
            "commands": ["workloads.inference.function.handler"],
        },
        architectures=[settings.processor],
        publish=True,
        role=role.arn,
        memory_size=settings.memory_mb,
        timeout=settings.timeout_seconds,
        # A stopped one may not run at all: the alias stays, and is there again with the next `up`.
        reserved_concurrent_executions=settings.max_concurrency if settings.state == "running" else 0,
        kms_key_arn=keys[Domain.MODELS].arn,
        environment={"variables": variables},
        vpc_config={
            "subnet_ids": ground.network.subnet_ids,
            "security_group_ids": [ground.network.security_group_id],
        },
        dead_letter_config={"target_arn": args.dead_letters_arn},
        tracing_config={"mode": "Active"},
        logging_config={"log_format": "Text", "log_group": log_group.name},
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(protect=ground.protect, ignore_changes=kept)),
    )


def _environment(args: EndpointArgs[Settings]) -> dict[str, pulumi.Input[str]]:
    """What has the service fetch its model, and capture as SageMaker would, before it answers."""
    return {
        "MODEL_DIR": _MODEL,
        "REQUEST_SECONDS": str(args.settings.timeout_seconds),
        **models.captures(args),
    }


def shift(rollout: ShiftAtOnce | ShiftCanary | ShiftLinear) -> str:
    """The configuration of CodeDeploy's own that a rollout of the settings is."""
    match rollout:
        case ShiftAtOnce():
            return "CodeDeployDefault.LambdaAllAtOnce"
        case ShiftCanary(bake_minutes=minutes):
            return f"CodeDeployDefault.LambdaCanary10Percent{minutes}Minutes"
        case ShiftLinear(bake_minutes=minutes):
            return f"CodeDeployDefault.LambdaLinear10PercentEvery{minutes}Minute{'s' if minutes > 1 else ''}"


def _group(name: str, args: EndpointArgs[Settings], child: pulumi.ResourceOptions) -> aws.codedeploy.DeploymentGroup:
    names, ground = args.names, args.ground
    role = access.Role(
        f"{name}-{SHIFTING}",
        access.RoleArgs(
            names=names,
            job=SHIFTING,
            service="codedeploy.amazonaws.com",
            names_source=False,
            description="Moves the endpoint's traffic between versions",
            statements=shifting(names),
            permissions_boundary=ground.services_boundary,
        ),
        child,
    )
    application = aws.codedeploy.Application(
        f"{name}-application", name=names.prefix, compute_platform="Lambda", opts=child
    )
    return aws.codedeploy.DeploymentGroup(
        f"{name}-group",
        app_name=application.name,
        deployment_group_name=names.prefix,
        deployment_config_name=shift(args.settings.rollout),
        service_role_arn=role.arn,
        deployment_style={"deployment_type": "BLUE_GREEN", "deployment_option": "WITH_TRAFFIC_CONTROL"},
        alarm_configuration={"alarms": list(args.rollback_alarms), "enabled": bool(args.rollback_alarms)},
        auto_rollback_configuration={
            "enabled": True,
            "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
        },
        opts=child,
    )


def _alias(
    name: str,
    args: EndpointArgs[Settings],
    function: aws.lambda_.Function,
    group: aws.codedeploy.DeploymentGroup,
    parent: pulumi.Resource,
) -> aws.lambda_.Alias:
    def move(hook: pulumi.ResourceHookArgs) -> None:
        serves, wanted = ((each or {})["functionVersion"] for each in (hook.old_outputs, hook.new_inputs))
        args.shift(args.names, serves, wanted)

    moved = pulumi.ResourceHook(f"{name}-moved", move)
    return aws.lambda_.Alias(
        f"{name}-alias",
        name=ALIAS,
        function_name=function.name,
        function_version=function.version,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[group],
            protect=args.ground.protect,
            # What serves after a rollback is not the newest version; CodeDeploy alone gives two versions a share.
            ignore_changes=["functionVersion", "routingConfig"] if turned_back(args.record.releases) else None,
            hooks=pulumi.ResourceHookBinding(before_update=[moved]),
        ),
    )


def _warm(
    name: str, args: EndpointArgs[Settings], alias: aws.lambda_.Alias, least: int, child: pulumi.ResourceOptions
) -> None:
    """Environments kept warm behind the alias, by how many of them are in use."""
    scaling = args.settings.autoscaling
    kept = aws.lambda_.ProvisionedConcurrencyConfig(
        f"{name}-warm",
        function_name=alias.function_name,
        qualifier=alias.name,
        provisioned_concurrent_executions=least,
        opts=pulumi.ResourceOptions.merge(
            child,
            pulumi.ResourceOptions(ignore_changes=["provisionedConcurrentExecutions"] if scaling else None),
        ),
    )
    if scaling is None:
        return
    target = aws.appautoscaling.Target(
        f"{name}-target",
        service_namespace="lambda",
        scalable_dimension="lambda:function:ProvisionedConcurrency",
        resource_id=kept.function_name.apply(lambda function: f"function:{function}:{ALIAS}"),
        min_capacity=least,
        max_capacity=scaling.maximum,
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[kept])),
    )
    aws.appautoscaling.Policy(
        f"{name}-utilisation",
        name=args.names.resource("utilisation"),
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration={
            "predefined_metric_specification": {"predefined_metric_type": "LambdaProvisionedConcurrencyUtilization"},
            "target_value": scaling.percent / 100,
        },
        opts=child,
    )
    for schedule in scaling.schedules:
        scheduled(name, args.names, "warm", schedule, scaling.timezone, target, child)


def _watch(names: EndpointNames, settings: Settings, variants: Sequence[str], _: Iterable[str] = ()) -> Watch:
    """Errors, latency and throttling of the alias, and rollouts that failed."""
    failed = Event(
        name=names.resource("endpoint-failed"),
        description="A rollout of the endpoint failed, or was turned back",
        pattern={
            "source": ["aws.codedeploy"],
            "detail-type": ["CodeDeploy Deployment State-change Notification"],
            "detail": {"application": [names.prefix], "state": ["FAILURE", "STOP"]},
        },
    )
    if not variants:
        return Watch(events=(failed,))
    dimensions = {"FunctionName": names.prefix, "Resource": f"{names.prefix}:{ALIAS}"}
    limits, stem = settings.alarms, names.resource(CHAMPION)

    def alarm(called: str, says: str, metric: str, statistic: str, threshold: float, **more: Any) -> Alarm:
        return Alarm(
            name=f"{stem}-{called}",
            description=f"{CHAMPION}: {says} in 5 minutes, twice",
            namespace=FUNCTIONS,
            metric=metric,
            dimensions=dimensions,
            statistic=statistic,
            threshold=threshold,
            periods=2,
            **more,
        )

    both = (Channel.ALERTS, Channel.ROLLBACK)
    errors: Mapping[str, Any] = {"channels": both, "guards": "server_errors"}
    alarms = (
        alarm(
            SERVER_ERRORS, f"more than {limits.server_errors} requests not answered", "Errors", "Sum",
            limits.server_errors, **errors,
        ),
        alarm(
            "server-error-rate", f"more than {limits.server_error_percent} % of the requests not answered", "Errors",
            "Sum", limits.server_error_percent, share_of="Invocations", **errors,
        ),
        alarm(
            "latency", f"p99 of a request's time above {limits.latency_p99_ms} ms", "Duration", "p99",
            limits.latency_p99_ms, channels=both, guards="latency",
        ),
        alarm("throttles", "requests refused, for max_concurrency were under way", "Throttles", "Sum", 0),
    )  # fmt: skip
    graphs = (
        ("requests", ("Invocations", "Sum"), ("Throttles", "Sum")),
        ("errors", ("Errors", "Sum")),
        ("time of a request (milliseconds)", ("Duration", "Average"), ("Duration", "p99")),
        ("environments", ("ConcurrentExecutions", "Maximum")),
    )
    widgets = tuple(
        Widget(
            title=f"{names.endpoint}: {title}",
            series=[
                Series(namespace=FUNCTIONS, metric=metric, dimensions=dimensions, statistic=statistic)
                for metric, statistic in lines
            ],
        )
        for title, *lines in graphs
    )
    return Watch(alarms=(*alarms, halt(names)), widgets=widgets, events=(failed,))


KIND: Final = Drawn(settings=Settings, build=Lambda, watch=_watch)
