"""The pipelines of a stack on AWS CodePipeline, the projects that their builds are, and what starts and stops them.

One run at a time passes a stage; one that waits while a newer one arrives is superseded. Everything is in this stack's
account: builds take the roles of delivery of this stack and of production. A deployment cannot change any of this, or
it could leave its own approval out; an administrator does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.delivery import builds, events, size, stages, trust
from components.delivery.stages import Action, Build, Delivered, Stage
from components.ground import Ground
from components.ground.keys import Domain
from components.operations import dead_letters
from components.operations.dead_letters import DeadLetters, DeadLettersArgs
from components.operations.monitoring import alarm
from components.topic import Topic, TopicArgs
from components.watch import Channel
from contracts.names import EndpointNames, Names
from settings import CodePipeline

#: Where the buildspecs are in the repository.
BUILDSPECS: Final = "components/delivery/buildspecs"
#: Two processors and 3 GB, or four and 7 GB (CodeBuild user guide, "Build environment compute modes and types").
_SMALL, _MEDIUM = "BUILD_GENERAL1_SMALL", "BUILD_GENERAL1_MEDIUM"
#: How long a build may wait for its machine.
_QUEUED_MINUTES: Final = 60


@dataclass(frozen=True, kw_only=True)
class DeliveryPipelineArgs:
    """`endpoints` are all of the stack: each has a pipeline of its models. `state_bucket` has Pulumi's state."""

    ground: Ground
    settings: CodePipeline
    state_bucket: str
    endpoints: Sequence[EndpointNames]


class DeliveryPipeline(pulumi.ComponentResource):
    """The pipelines.

    DeliveryPipeline("delivery-pipeline", DeliveryPipelineArgs(ground=ground, settings=settings.codepipeline, ...))
    """

    def __init__(self, name: str, args: DeliveryPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:delivery:DeliveryPipeline", name, None, opts)
        self._name, self._args, self._child = name, args, pulumi.ResourceOptions(parent=self)
        ground, names = args.ground, args.ground.names
        self._key, messages = ground.keys[Domain.MODELS].arn, ground.keys[Domain.MESSAGES].arn
        approvals = Topic(
            f"{name}-approvals",
            TopicArgs(
                names=names, role=builds.APPROVALS, key_arn=messages, emails=args.settings.approvers, alarms=False
            ),
            self._child,
        )
        where = args.settings.production
        of = Delivered(
            names=names,
            production=names.elsewhere(where.stack, where.account, where.region),
            settings=args.settings,
            state_bucket=args.state_bucket,
            approvals=names.arn("sns", names.resource(builds.APPROVALS)),
            workloads=list(dict.fromkeys(endpoint.of_its_workload for endpoint in args.endpoints)),
        )
        data = ground.keys[Domain.PROCESSED].arn
        may = {builder: builds.building(builder, of, self._key, data) for builder in of.builders}
        runs, starts = builds.running(of, self._key, messages), builds.starting(names)
        self._boundary = self._bounded([*runs, *starts, *(each for found in may.values() for each in found)])
        roles = {
            builder: self._role(builds.role(builder), f"Builds of delivery: {builder}", "codebuild", may[builder])
            for builder in of.builders
        }
        runner = self._role(builds.PIPELINE, "Runs the pipelines of delivery", "codepipeline", runs)
        starter = self._role(builds.EVENTS, "Starts the pipelines of delivery", "events", starts)
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=builds.log_group(names),
            retention_in_days=ground.log_retention_days,
            kms_key_id=ground.keys[Domain.LOGS].arn,
            opts=self._child,
        )
        needed: list[pulumi.Resource] = [approvals, *(self._project(b, roles[b.builder], logs.name) for b in of.builds)]
        self._pipeline("code", names, stages.of_code(of), runner, needed)
        for endpoint in args.endpoints:
            role = f"{endpoint.workload}-{endpoint.endpoint}"
            self._pipeline(role, endpoint, stages.of_models(of, endpoint), runner, needed, models=True)
        letters = DeadLetters(f"{name}-dead-letters", DeadLettersArgs(ground=ground, names=names), self._child)
        (letter,) = dead_letters.watch(names).alarms
        alarm(f"{name}-dead-letters-alarm", letter, {Channel.ALERTS: ground.alerts_arn}, self._child)
        told = [events.source_changed(names, args.settings), *map(events.model_approved, args.endpoints)]
        told += [events.stopped(names, ground.alerts_arn), events.explained(names, ground.alerts_arn)]
        events.declare(name, [each for each in told if each], starter, letters.arn, self._child)
        self.register_outputs({})

    def _bounded(self, statements: Sequence[Statement]) -> pulumi.Output[str]:
        """A boundary of their own: that of the platform's jobs has nothing to do with builds."""
        names = self._args.ground.names
        once = [each for number, each in enumerate(statements) if each not in statements[:number]]
        return aws.iam.Policy(
            f"{self._name}-boundary",
            name=names.resource(f"{trust.DELIVERY}-builds-boundary"),
            path=names.admin_path,
            description="The most that pipelines of delivery and their builds can do",
            policy=access.document(size.bounding(names, once)),
            opts=self._child,
        ).arn

    def _role(self, job: str, description: str, service: str, statements: Sequence[Statement]) -> pulumi.Output[str]:
        return access.Role(
            job,
            access.RoleArgs(
                names=self._args.ground.names,
                job=job,
                path=self._args.ground.names.admin_path,
                service=f"{service}.amazonaws.com",
                description=description,
                statements=statements,
                permissions_boundary=self._boundary,
                names_source=service != "events",  # no document of EventBridge's promises it for rules
            ),
            self._child,
        ).arn

    def _project(self, build: Build, role_arn: pulumi.Input[str], logs: pulumi.Input[str]) -> aws.codebuild.Project:
        names, network = self._args.ground.names, self._args.ground.network
        inside = aws.codebuild.ProjectVpcConfigArgs(
            vpc_id=network.vpc_id, subnets=network.subnet_ids, security_group_ids=[network.security_group_id]
        )
        return aws.codebuild.Project(
            f"{self._name}-{build.name}",
            name=stages.project(names, build.name),
            description=f"Delivery: {build.name}",
            service_role=role_arn,
            build_timeout=build.minutes,
            queued_timeout=_QUEUED_MINUTES,
            encryption_key=self._key,
            source=aws.codebuild.ProjectSourceArgs(
                type="CODEPIPELINE", buildspec=f"{BUILDSPECS}/{build.buildspec}.yaml"
            ),
            artifacts=aws.codebuild.ProjectArtifactsArgs(type="CODEPIPELINE"),
            environment=aws.codebuild.ProjectEnvironmentArgs(
                type="LINUX_CONTAINER",
                compute_type=_MEDIUM if build.large else _SMALL,
                image=self._args.settings.image,
                image_pull_credentials_type="SERVICE_ROLE",
                privileged_mode=build.images,  # Docker's daemon needs it
            ),
            logs_config=aws.codebuild.ProjectLogsConfigArgs(
                cloudwatch_logs=aws.codebuild.ProjectLogsConfigCloudwatchLogsArgs(
                    status="ENABLED", group_name=logs, stream_name=build.name
                )
            ),
            vpc_config=inside if self._args.settings.inside_vpc else None,
            opts=self._child,
        )

    def _pipeline(
        self,
        role: str,
        names: Names,
        found: Sequence[Stage],
        runner: pulumi.Input[str],
        needed: Sequence[pulumi.Resource],
        *,
        models: bool = False,
    ) -> None:
        store = aws.codepipeline.PipelineArtifactStoreArgs(
            type="S3",
            location=self._args.ground.lake.artifacts.bucket,
            encryption_key=aws.codepipeline.PipelineArtifactStoreEncryptionKeyArgs(id=self._key, type="KMS"),
        )
        package = aws.codepipeline.PipelineVariableArgs(
            name=stages.PACKAGE, description="ARN of the model package that is approved"
        )
        aws.codepipeline.Pipeline(
            f"{self._name}-{role}",
            name=stages.pipeline(names),
            pipeline_type="V2",
            execution_mode="SUPERSEDED",
            role_arn=runner,
            artifact_stores=[store],
            variables=[package] if models else None,
            stages=[_stage(stage) for stage in found],
            opts=pulumi.ResourceOptions(parent=self, depends_on=needed),
        )


def _stage(stage: Stage) -> aws.codepipeline.PipelineStageArgs:
    return aws.codepipeline.PipelineStageArgs(name=stage.name, actions=[_action(action) for action in stage.actions])


def _action(action: Action) -> aws.codepipeline.PipelineStageActionArgs:
    configuration: Mapping[str, str] = action.configuration
    return aws.codepipeline.PipelineStageActionArgs(
        name=action.name,
        category=action.category,
        owner="AWS",
        provider=action.provider,
        version="1",
        configuration=dict(configuration),
        input_artifacts=list(action.inputs) or None,
        output_artifacts=list(action.outputs) or None,
        namespace=action.namespace,
        run_order=action.order,
        timeout_in_minutes=action.minutes,
    )
