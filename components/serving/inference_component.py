"""The endpoint of an inference component: one model in copies, on instances that SageMaker starts and ends with them.

The provider has no inference components, and no endpoint configuration in a network whose variant names no model. Cloud
Control has the former, but the provider's resource of it sends an update without what cannot be read back, the alarms
of the rollout; of the latter it has none. So both, with the endpoint between them, are a stack of CloudFormation
(decision 63). Every release has a model that outlives the move away from it, and the component has the wanted one's.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import access, jobs
from components.access import Statement
from components.content import content_name, formerly
from components.ground.keys import Domain
from components.service import Service
from components.serving import models
from components.serving.copies import copy_scaling
from components.serving.endpoint import seen_through
from components.serving.kind import Drawn, EndpointArgs
from components.serving.watch import answer_graphs, graph, halt, request_alarms, watch
from components.watch import Watch
from contracts.names import EndpointNames
from contracts.namespaces import COMPONENTS, HOSTS
from contracts.release import CHAMPION, Release
from contracts.release.live import Live
from settings import InferenceComponent as Settings
from settings import Rolling

#: AWS services of what is made here (`components.service`); CloudFormation calls SageMaker as whoever deploys.
SERVICES: Final = (
    Service(
        "cloudformation",
        types="cloudformation/stack",
        reads="DescribeStackEvents DescribeStackResources DescribeStacks GetTemplate",
        changes="CreateStack DeleteStack TagResource UntagResource UpdateStack",
        named="stack/{every}/*",
    ),
    Service(
        "sagemaker",
        types="",
        reads="DescribeInferenceComponent",
        reads_anywhere="ListModels",
        changes="CreateInferenceComponent DeleteInferenceComponent UpdateInferenceComponent "
        "UpdateInferenceComponentRuntimeConfig",
        named="*/{every}",
    ),
)
#: The resources of the template, as CloudFormation knows them.
CONFIG, ENDPOINT, COMPONENT = "Config", "Endpoint", "Component"
_BATCHES: Final = "CAPACITY_PERCENT"


def statements(
    names: EndpointNames, *, models_key: pulumi.Input[str], processed_key: pulumi.Input[str]
) -> list[Statement]:
    """What the endpoint's role may do: as of any other in the network, with the copies' own log and metrics."""
    return [
        *jobs.statements(
            names,
            volume_key=models_key,
            log_group=names.component_log_group,
            namespaces=[HOSTS, COMPONENTS],
            makes_log_group=False,
        ),
        *access.read_objects("LoadModels", names, names.artifacts_bucket, [names.layout.runs]),
        access.use_key("DecryptModels", [models_key], write=False),
        *models.capturing(names, processed_key),
    ]


class InferenceComponent(pulumi.ComponentResource):
    """The endpoint.

    serving = InferenceComponent("churn-live", EndpointArgs(ground=ground, names=names, settings=settings, ...))
    serving.name
    """

    stack: aws.cloudformation.Stack | None = None
    name: pulumi.Output[str]

    def __init__(self, name: str, args: EndpointArgs[Settings], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:InferenceComponent", name, None, opts)
        child, names = pulumi.ResourceOptions(parent=self), args.names
        ground = dataclasses.replace(args.ground, permissions_boundary=args.ground.services_boundary)
        role = models.role(name, ground, names, child, statements)
        found = [_model(name, args, release, role, child) for release in args.record.releases]
        log_group = _logs(name, args, child)
        self.name = pulumi.Output.from_input(names.prefix)
        if args.settings.state == "running":
            self.stack = _stack(name, args, found[0], role, log_group, self)
            self.name = self.stack.name
            copy_scaling(name, names, args.settings.autoscaling, self.stack, self)
        self.register_outputs({"endpoint": self.name, "release": args.record.wanted.id})

    @property
    def live(self) -> pulumi.Resource | None:
        """The stack; None while the endpoint is stopped."""
        return self.stack


def _logs(name: str, args: EndpointArgs[Settings], opts: pulumi.ResourceOptions) -> aws.cloudwatch.LogGroup:
    """The log group of the copies; it outlives them."""
    return aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=args.names.component_log_group,
        kms_key_id=args.ground.keys[Domain.LOGS].arn,
        retention_in_days=args.ground.log_retention_days,
        opts=opts,
    )


def _model(
    name: str, args: EndpointArgs[Settings], release: Release, role: access.Role, opts: pulumi.ResourceOptions
) -> aws.sagemaker.Model:
    """The model of a release, in the private network; isolated unless its service captures what it is asked."""
    network: aws.sagemaker.ModelVpcConfigArgsDict = {
        "subnets": args.ground.network.subnet_ids,
        "security_group_ids": [args.ground.network.security_group_id],
    }
    environment, captures = _environment(args), args.settings.capture_percent > 0
    further = models.specification(args.settings.processor)
    beside = [further] if further else []
    content = [release.champion, role.arn, network, not captures, environment, *beside]
    stem = f"{name}-model-{release.id}"
    return aws.sagemaker.Model(
        models.called(stem, environment, beside),
        # What the component has is known by `<endpoint>-<release id>` (`contracts.release.component`).
        name=content_name(f"{args.names.prefix}-{release.id}", content),
        execution_role_arn=role.arn,
        primary_container=aws.sagemaker.ModelPrimaryContainerArgs(
            model_package_name=release.champion,
            inference_specification_name=further,
            environment=environment or None,
        ),
        enable_network_isolation=not captures,
        vpc_config=network,
        opts=pulumi.ResourceOptions.merge(opts, formerly(stem)),
    )


def _environment(args: EndpointArgs[Settings]) -> Mapping[str, pulumi.Input[str]]:
    """Where the service captures, as SageMaker would where it does."""
    if not args.settings.capture_percent:
        return {}
    return {"AWS_REGION": args.names.region, **models.captures(args)}


def _stack(
    name: str,
    args: EndpointArgs[Settings],
    wanted: aws.sagemaker.Model,
    role: access.Role,
    log_group: pulumi.Resource,
    parent: pulumi.Resource,
) -> aws.cloudformation.Stack:
    ground = args.ground
    config: dict[str, Any] = {
        "ExecutionRoleArn": role.arn,
        "EnableNetworkIsolation": not args.settings.capture_percent,
        "VpcConfig": {
            "Subnets": ground.network.subnet_ids,
            "SecurityGroupIds": [ground.network.security_group_id],
        },
        "ProductionVariants": [variant(args.settings)],
    }
    if key := jobs.volume_key(args.settings.instance_type, ground.keys[Domain.MODELS].arn):
        config["KmsKeyId"] = key
    known = pulumi.Output.all(
        config=config,
        called=content_name(f"{args.names.prefix}-fleet", config),
        model=wanted.name,
        # After an emergency move the component has its model already: an alarm that still goes off turns nothing back.
        alarms=[] if args.record.wanted.by_rollback else list(args.rollback_alarms),
    )
    minutes = args.settings.rollout_timeout_minutes
    return aws.cloudformation.Stack(
        f"{name}-stack",
        name=args.names.prefix,
        # The tags that the provider gives a stack are those of its resources too (CloudFormation user guide, "Resource
        # tag").
        template_body=known.apply(lambda its: text(_wanted(args, **its))),
        on_failure="DELETE",  # of what cannot be made nothing is left
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[log_group],  # else SageMaker makes the log group, without key and retention
            protect=ground.protect,
            custom_timeouts=pulumi.CustomTimeouts(create="60m", update=f"{2 * minutes}m", delete="60m"),
            hooks=seen_through(name, args, "templateBody", model_of),
        ),
    )


def _wanted(args: EndpointArgs[Settings], **its: Any) -> dict[str, Any]:
    """The template with the copies of the stack's own where nothing else is different, otherwise with the live ones."""
    there = args.serving.template if args.serving else None
    if there:
        same = template(args.names, args.settings, copies_of(there), **its)
        if same == there:
            return same
    live = args.serving.live if args.serving else None
    return template(args.names, args.settings, copies(args.settings, args.record.wanted, its["model"], live), **its)


def variant(settings: Settings) -> dict[str, Any]:
    """The variant that names no model: components bring theirs, and instances come and go with their copies."""
    return {
        "VariantName": CHAMPION,
        "InstanceType": settings.instance_type,
        "InitialInstanceCount": 1,
        "ManagedInstanceScaling": {
            "Status": "ENABLED",
            "MinInstanceCount": min(settings.autoscaling.least, 1),
            "MaxInstanceCount": settings.most_instances,
        },
        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
    }


def template(
    names: EndpointNames,
    settings: Settings,
    copies: int,
    *,
    config: Mapping[str, Any],
    called: str,
    model: str,
    alarms: Sequence[str],
) -> dict[str, Any]:
    """The template of the stack: configuration, endpoint and component, one on the other; both have its name."""
    configuration = {**config, "EndpointConfigName": called}
    endpoint = {
        "EndpointName": names.prefix,
        "EndpointConfigName": {"Fn::GetAtt": [CONFIG, "EndpointConfigName"]},
    }
    component = {
        "InferenceComponentName": names.prefix,
        "EndpointName": {"Fn::GetAtt": [ENDPOINT, "EndpointName"]},
        "VariantName": CHAMPION,
        "Specification": {
            "ModelName": model,
            "ComputeResourceRequirements": {
                "NumberOfCpuCoresRequired": settings.copy_cores,
                "MinMemoryRequiredInMb": settings.copy_memory_mb,
            },
        },
        "RuntimeConfig": {"CopyCount": copies},
        "DeploymentConfig": deployment(settings.rollout, settings.rollout_timeout_minutes, alarms),
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Inference component of {names.prefix}",
        "Resources": {
            CONFIG: {"Type": "AWS::SageMaker::EndpointConfig", "Properties": configuration},
            ENDPOINT: {"Type": "AWS::SageMaker::Endpoint", "Properties": endpoint},
            COMPONENT: {"Type": "AWS::SageMaker::InferenceComponent", "Properties": component},
        },
    }


def copies(settings: Settings, release: Release, model: str, live: Live | None) -> int:
    """The live copies, within the limits that scaling has at any time. Another model starts with `copies` at least: one
    that no copy runs would have proved nothing. Where nothing serves, those of when the release was promoted.
    """
    scaling = settings.autoscaling
    now = live.counts[CHAMPION] if live else release.instances.get(CHAMPION, 0)
    least = scaling.least if live and live.config == model else settings.copies
    return min(max(now, least), scaling.most)


def copies_of(body: Mapping[str, Any]) -> int:
    """The copies that a template starts the component with."""
    return int(body["Resources"][COMPONENT]["Properties"]["RuntimeConfig"]["CopyCount"])


def deployment(rollout: Rolling, timeout_minutes: int, alarms: Sequence[str]) -> dict[str, Any]:
    """How another model takes over: in batches, which one of `alarms` turns back."""
    found: dict[str, Any] = {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": _BATCHES, "Value": rollout.batch_percent},
            "WaitIntervalInSeconds": rollout.bake_minutes * 60,
            "MaximumExecutionTimeoutInSeconds": timeout_minutes * 60,
        }
    }
    if alarms:
        found["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": alarm} for alarm in alarms]}
    return found


def text(found: Mapping[str, Any]) -> str:
    """A template as the resource has it."""
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def model_of(body: str) -> str:
    """The model that a template gives the component."""
    return str(json.loads(body)["Resources"][COMPONENT]["Properties"]["Specification"]["ModelName"])


def _watch(names: EndpointNames, settings: Settings, variants: Sequence[str], _: Iterable[str] = ()) -> Watch:
    """Errors and latency as of any endpoint, by the component; how busy its copies are, and what found none."""
    if not variants:
        return watch(names, (), ())
    by = {"InferenceComponentName": names.prefix}
    alarms = [alarm for each in variants for alarm in request_alarms(names, each, settings.alarms, by=by)]
    asked = (("Invocations", "Sum"), ("NoCapacityInvocationFailures", "Sum"))
    use = (("CPUUtilizationNormalized", "Average"), ("MemoryUtilizationNormalized", "Average"))
    return watch(
        names,
        [*alarms, halt(names)],
        [
            graph(names, variants, "invocations, and those that found no copy", "AWS/SageMaker", *asked, by=by),
            *answer_graphs(names, variants, by=by),
            graph(names, variants, "requests at once of a copy", "AWS/SageMaker", _AT_ONCE, by=by),
            graph(names, variants, "CPU and memory of the copies (percent)", COMPONENTS, *use, by=by),
        ],
    )


_AT_ONCE: Final = ("ConcurrentRequestsPerCopy", "Maximum")
KIND: Final = Drawn(settings=Settings, build=InferenceComponent, watch=_watch)
