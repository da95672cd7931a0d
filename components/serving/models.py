"""The models behind an endpoint, one for each package that a release serves, and the role that their container has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import pulumi
import pulumi_aws as aws

from components import access, jobs
from components.access import Statement
from components.content import content_name, formerly, known_name
from components.ground import Ground
from components.ground.keys import Domain
from components.service import Service
from components.serving.kind import EndpointArgs
from components.serving.plan import package_id
from contracts.architectures import X86_64, Architecture
from contracts.names import EndpointNames
from contracts.namespaces import HOSTS
from contracts.release import CHAMPION

#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "sagemaker",
        types="sagemaker/model",
        reads="DescribeModel ListTags",
        changes="AddTags CreateModel DeleteModel DeleteTags",
        named="*/{every} */{ending}",
        handed_to="sagemaker",
    ),
)


class Granted(Protocol):
    """What the role of an endpoint may do, from its names and the keys of models and captured traffic."""

    def __call__(
        self, names: EndpointNames, *, models_key: pulumi.Input[str], processed_key: pulumi.Input[str]
    ) -> list[Statement]:
        """The statements."""
        ...


def statements(
    names: EndpointNames, *, models_key: pulumi.Input[str], processed_key: pulumi.Input[str]
) -> list[Statement]:
    """What the endpoint's role may do: load its image and model, write its logs and metrics, capture its traffic."""
    return _inside(names, names.layout.runs, models_key, processed_key)


def statements_of_several(
    names: EndpointNames, *, models_key: pulumi.Input[str], processed_key: pulumi.Input[str]
) -> list[Statement]:
    """The same where several models are served: their archives, and nothing of the runs that they come from."""
    return _inside(names, names.archives(""), models_key, processed_key)


def _inside(
    names: EndpointNames, archives: str, models_key: pulumi.Input[str], processed_key: pulumi.Input[str]
) -> list[Statement]:
    return [
        *jobs.statements(
            names,
            volume_key=models_key,
            log_group=names.log_group,
            namespaces=[HOSTS],
            makes_log_group=False,
        ),
        *access.read_objects("LoadModels", names, names.artifacts_bucket, [archives]),
        access.use_key("DecryptModels", [models_key], write=False),
        *capturing(names, processed_key),
    ]


def statements_outside(
    names: EndpointNames, *, models_key: pulumi.Input[str], processed_key: pulumi.Input[str]
) -> list[Statement]:
    """The same where there is neither a network nor a volume of ours."""
    return [
        *access.pull_images(names),
        access.write_logs(names, [names.log_group]),
        access.put_metrics([HOSTS]),
        *access.read_objects("LoadModels", names, names.artifacts_bucket, [names.layout.runs]),
        access.use_key("DecryptModels", [models_key], write=False),
        *capturing(names, processed_key),
    ]


def capturing(names: EndpointNames, processed_key: pulumi.Input[str]) -> list[Statement]:
    """Writing what the endpoint is asked and answers, below its own prefix."""
    return [
        access.write_objects(
            "CaptureTraffic", names, names.processed_bucket, [f"{names.layout.data_capture}{names.prefix}/"]
        ),
        access.use_key("EncryptCapture", [processed_key], write=True),
    ]


def captures(args: EndpointArgs[Any], below: str = f"/{CHAMPION}") -> dict[str, pulumi.Input[str]]:
    """What has the service capture as SageMaker would, where that captures nothing; `below` is the variant's place."""
    return {
        "CAPTURE_URI": f"{args.names.data_capture_uri}/{args.names.prefix}{below}",
        "CAPTURE_PERCENT": str(args.settings.capture_percent),
        "CAPTURE_KMS_KEY": args.ground.keys[Domain.PROCESSED].arn,
    }


def role(
    name: str,
    ground: Ground,
    names: EndpointNames,
    opts: pulumi.ResourceOptions,
    of: Granted = statements,
    more: Iterable[Statement] = (),
) -> access.Role:
    """The role of the endpoint called `name` in the program; `of` says what it may do, `more` what its kind adds."""
    return jobs.role(
        f"{name}-role",
        ground=ground,
        names=names,
        job="endpoint",
        description="The endpoint's models",
        statements=[
            *of(names, models_key=ground.keys[Domain.MODELS].arn, processed_key=ground.keys[Domain.PROCESSED].arn),
            *more,
        ],
        opts=opts,
    )


def isolated(
    name: str,
    packages: Iterable[str],
    role: access.Role,
    ground: Ground,
    opts: pulumi.ResourceOptions,
    environment: Mapping[str, str],
    stages: Sequence[str] = (),
    *,
    processor: Architecture = X86_64,
) -> dict[str, aws.sagemaker.Model]:
    """One model for each package, in the private network and without a way out of it; by package.

    `environment` is what their containers are given beside what the package says. With `stages` a model has a container
    for each of them, which all have the package, and a request passes one after the other. `processor` is that of the
    instances.
    """
    further = specification(processor)
    beside = [*stages, *([further] if further else [])]
    network: aws.sagemaker.ModelVpcConfigArgsDict = {
        "subnets": ground.network.subnet_ids,
        "security_group_ids": [ground.network.security_group_id],
    }
    return {
        package: aws.sagemaker.Model(
            called(stem, environment, beside) if environment or beside else stem,
            name=content_name(
                package_id(package),
                [package, role.arn, network, True, *(each for each in (environment, beside) if each)],
            ),
            execution_role_arn=role.arn,
            primary_container=None
            if stages
            else aws.sagemaker.ModelPrimaryContainerArgs(
                model_package_name=package,
                inference_specification_name=further,
                environment=environment or None,
            ),
            containers=[_stage(package, further, environment, stage) for stage in stages] or None,
            enable_network_isolation=True,
            vpc_config=network,
            opts=pulumi.ResourceOptions.merge(opts, formerly(stem)) if environment else opts,
        )
        for package, stem in _stems(name, packages)
    }


def specification(processor: Architecture) -> str | None:
    """Which inference specification of a package is for a processor: its own for x86_64 (None), further ones are called
    as theirs are (`contracts.architectures`)."""
    return None if processor == X86_64 else processor


def _stage(
    package: str, further: str | None, environment: Mapping[str, str], stage: str
) -> aws.sagemaker.ModelContainerArgs:
    return aws.sagemaker.ModelContainerArgs(
        container_hostname=stage,
        model_package_name=package,
        inference_specification_name=further,
        environment={**environment, "SERVICE_STAGE": stage},
    )


def outside(
    name: str,
    packages: Iterable[str],
    role: access.Role,
    environment: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> dict[str, aws.sagemaker.Model]:
    """One model for each package where SageMaker takes no network: it runs in one of AWS's; by package."""
    return {
        package: aws.sagemaker.Model(
            called(stem, environment),
            name=content_name(package_id(package), [package, role.arn, environment]),
            execution_role_arn=role.arn,
            primary_container=aws.sagemaker.ModelPrimaryContainerArgs(
                model_package_name=package, environment=environment
            ),
            opts=pulumi.ResourceOptions.merge(opts, formerly(stem)),
        )
        for package, stem in _stems(name, packages)
    }


def called(stem: str, environment: Mapping[str, Any], beside: Sequence[str] = ()) -> str:
    """What Pulumi calls a model: by what of its containers is known without a question."""
    known = {key: value for key, value in environment.items() if isinstance(value, str)}
    return known_name(stem, [known, *beside] if beside else known)


def _stems(name: str, packages: Iterable[str]) -> list[tuple[str, str]]:
    return [(package, f"{name}-model-{package_id(package)}") for package in sorted(set(packages))]
