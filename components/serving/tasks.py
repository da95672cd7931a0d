"""What a task of an endpoint is: the release's package in the inference image, with two roles, one for whoever starts
it and one for its code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.content import content_name
from components.ground import Ground
from components.ground.keys import Domain
from components.models import packages
from components.serving import models
from components.serving.balancer import PORT
from components.serving.kind import EndpointArgs
from contracts.kinds.fargate import SERVICE_METRICS
from contracts.names import EndpointNames
from contracts.release import CHAMPION, Release
from contracts.release.ecs import PACKAGE_LABEL
from settings import Fargate as Settings

CONTAINER: Final = "inference"
EXECUTION: Final = "execution"
TASKS: Final = "ecs-tasks.amazonaws.com"
#: The one place of a task that can be written, as the image has it (`workloads/inference/Dockerfile`).
_VOLUME: Final = "/var/model"
#: Longer than the service drains (`workloads.inference.settings`), with what it captured to write after that.
STOP_SECONDS: Final = 60


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Who starts a task (`execution`: image and log) and who it is (`task`: model and capture)."""

    execution: access.Role
    task: access.Role


def starting(names: EndpointNames) -> list[Statement]:
    """What whoever starts a task may do: pull its image, and write its log."""
    return [*access.pull_images(names), access.write_logs(names, [names.log_group])]


def serving(
    names: EndpointNames, *, models_key: pulumi.Input[str], processed_key: pulumi.Input[str]
) -> list[Statement]:
    """What the code of a task may do: load its model, and capture its traffic."""
    return [
        *access.read_objects("LoadModels", names, names.artifacts_bucket, [names.layout.runs]),
        access.use_key("DecryptModels", [models_key], write=False),
        *models.capturing(names, processed_key),
    ]


def roles(name: str, ground: Ground, names: EndpointNames, opts: pulumi.ResourceOptions) -> Roles:
    """Both roles of the tasks."""

    def role(job: str, description: str, statements: Sequence[Statement]) -> access.Role:
        return access.Role(
            f"{name}-{job}",
            access.RoleArgs(
                names=names,
                job=job,
                service=TASKS,
                description=description,
                statements=statements,
                permissions_boundary=ground.services_boundary,
            ),
            opts,
        )

    keys = ground.keys
    mine = serving(names, models_key=keys[Domain.MODELS].arn, processed_key=keys[Domain.PROCESSED].arn)
    return Roles(
        execution=role(EXECUTION, "Starts the endpoint's tasks", starting(names)),
        task=role("endpoint", "The endpoint's models", mine),
    )


def definition(
    name: str, args: EndpointArgs[Settings], release: Release, its: Roles, opts: pulumi.ResourceOptions
) -> aws.ecs.TaskDefinition:
    """The task definition of a release, in a family of its own whose name follows from its content.

    ECS would number revisions of one family; with a family for each, a release's is found by its id, as a
    configuration is, and the old one outlives the move to the new one.
    """
    settings, names = args.settings, args.names
    cpu, memory = str(settings.cpu), str(settings.memory_mb)
    processor: aws.ecs.TaskDefinitionRuntimePlatformArgsDict = {
        "cpu_architecture": settings.architecture.upper(),
        "operating_system_family": "LINUX",
    }
    its_package = args.packages[release.champion]
    containers = pulumi.Output.json_dumps([container(args, release.champion, its_package)], sort_keys=True)
    content = [cpu, memory, processor, containers, its.execution.arn, its.task.arn]
    return aws.ecs.TaskDefinition(
        f"{name}-task-{release.id}",
        family=content_name(f"{names.prefix}-{release.id}", content),
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        runtime_platform=processor,
        cpu=cpu,
        memory=memory,
        execution_role_arn=its.execution.arn,
        task_role_arn=its.task.arn,
        container_definitions=containers,
        volumes=[{"name": "model"}],
        opts=opts,
    )


def container(args: EndpointArgs[Settings], package: str, described: Mapping[str, Any]) -> dict[str, Any]:
    """The one container: the package's image, model and environment; it may write nowhere but where its model lies."""
    names, found = args.names, packages.served(described, args.settings.processor)
    environment = {**found.get("Environment", {}), **_environment(args), "MODEL_URI": found["ModelDataUrl"]}
    return {
        "name": CONTAINER,
        "image": found["Image"],
        "essential": True,
        "memory": args.settings.memory_mb,
        "user": "10001",
        "privileged": False,
        "readonlyRootFilesystem": True,
        "stopTimeout": STOP_SECONDS,
        "portMappings": [{"containerPort": PORT, "protocol": "tcp"}],
        "mountPoints": [{"sourceVolume": "model", "containerPath": _VOLUME, "readOnly": False}],
        "dockerLabels": {PACKAGE_LABEL: package},
        "environment": [{"name": key, "value": value} for key, value in sorted(environment.items())],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": names.log_group,
                "awslogs-region": names.region,
                "awslogs-stream-prefix": CONTAINER,
            },
        },
    }


def _environment(args: EndpointArgs[Settings]) -> dict[str, pulumi.Input[str]]:
    """What has the service fetch its model, speak TLS, capture as SageMaker would, and tell what it did."""
    names, settings = args.names, args.settings
    return {
        "AWS_REGION": names.region,
        "MODEL_DIR": f"{_VOLUME}/package",
        "MODEL_SERVER_WORKERS": str(max(1, settings.cpu // 1024)),
        "TLS_DIR": f"{_VOLUME}/tls",
        "METRICS_NAMESPACE": SERVICE_METRICS,
        "METRICS_DIMENSIONS": f"EndpointName={names.prefix},VariantName={CHAMPION}",
        **models.captures(args),
    }
