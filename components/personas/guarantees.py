"""What only some of a stack's people may do, and is denied to all others. Pure statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from components import access
from components.access import Statement
from contracts.layout import Layout
from contracts.names import Names
from contracts.release.lambda_ import ALIAS
from settings import Persona

#: The places of every workload.
EVERY: Final = Layout("*")


def machines(names: Names) -> list[str]:
    """State machines that train, and their executions."""
    trains = f"*-{names.stack}-training"
    return [names.arn("states", f"stateMachine:{trains}"), names.arn("states", f"execution:{trains}:*")]


def parameters(names: Names) -> str:
    """Release records and images."""
    return names.arn("ssm", f"parameter{names.parameter_path}/*")


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """Actions on resources that nobody but `holders` has; `sid` says it in words."""

    sid: str
    holders: frozenset[Persona]
    actions: Sequence[str]
    resources: Callable[[Names], Sequence[str]]


def _data(names: Names) -> list[str]:
    return [names.bucket_arn(bucket, "*") for bucket in (names.raw_bucket, names.processed_bucket)]


_READ_OBJECTS: Final = ("s3:GetObject", "s3:GetObjectVersion")
GUARANTEES: Final = (
    Guarantee(
        sid="OnlyMlopsReleases",
        holders=frozenset({Persona.MLOPS}),
        actions=(
            "ecs:UpdateService",
            "lambda:UpdateAlias",
            "sagemaker:UpdateEndpoint",
            "sagemaker:UpdateInferenceComponent",
            "ssm:DeleteParameter",
            "ssm:DeleteParameters",
            "ssm:PutParameter",
        ),
        resources=lambda names: [
            parameters(names),
            names.arn("ecs", f"service/{names.every}"),
            names.arn("lambda", f"function:{names.every}"),
            names.arn("sagemaker", f"endpoint*/{names.every}"),
            names.arn("sagemaker", f"inference-component/{names.every}"),
        ],
    ),
    Guarantee(
        sid="OnlyMlEngineersApprove",
        holders=frozenset({Persona.ML_ENGINEER}),
        actions=("sagemaker:UpdateModelPackage",),
        resources=lambda names: [names.arn("sagemaker", f"model-package/*-{names.stack}/*")],
    ),
    Guarantee(
        sid="OnlyDataScientistsTrain",
        holders=frozenset({Persona.DATA_SCIENTIST}),
        actions=(
            "sagemaker:RetryPipelineExecution",
            "sagemaker:StartPipelineExecution",
            "states:RedriveExecution",
            "states:StartExecution",
        ),
        resources=lambda names: [
            *machines(names),
            *(names.arn("sagemaker", f"pipeline/*-{names.stack}{end}") for end in ("", "/*", "-tuning", "-tuning/*")),
        ],
    ),
    Guarantee(
        sid="OnlyDataEngineersReadPersonalData",
        holders=frozenset({Persona.DATA_ENGINEER}),
        actions=_READ_OBJECTS,
        resources=lambda names: [
            names.bucket_arn(names.raw_bucket, "*"),
            names.bucket_arn(names.processed_bucket, f"{EVERY.quarantine}*"),
        ],
    ),
    Guarantee(
        sid="OnlyWhoWorksWithDataReadsIt",
        holders=frozenset({Persona.DATA_ENGINEER, Persona.DATA_SCIENTIST, Persona.ML_ENGINEER}),
        actions=(
            *_READ_OBJECTS,
            "lambda:InvokeFunction",
            "sagemaker:BatchGetRecord",
            "sagemaker:GetRecord",
            "sagemaker:InvokeEndpoint",
            "sagemaker:InvokeEndpointAsync",
        ),
        resources=lambda names: [
            *_data(names),
            names.arn("lambda", f"function:{names.every}:{ALIAS}"),
            names.arn("sagemaker", f"*/{names.every}"),
        ],
    ),
    Guarantee(
        sid="NobodyChangesPermissions",
        holders=frozenset(),
        actions=(
            "iam:AttachRolePolicy",
            "iam:CreatePolicyVersion",
            "iam:DeleteRolePermissionsBoundary",
            "iam:PassRole",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            "iam:UpdateAssumeRolePolicy",
            "kms:PutKeyPolicy",
            "s3:PutBucketPolicy",
        ),
        resources=lambda _: ["*"],
    ),
    Guarantee(
        sid="NobodyDestroys",
        holders=frozenset(),
        actions=(
            "ecs:DeleteService",
            "kms:DisableKey",
            "kms:ScheduleKeyDeletion",
            "lambda:DeleteAlias",
            "lambda:DeleteFunction",
            "s3:DeleteBucket",
            "s3:DeleteObjectVersion",
            "sagemaker:DeleteEndpoint",
            "sagemaker:DeleteFeatureGroup",
            "sagemaker:DeleteModelPackage",
            "sagemaker:DeleteModelPackageGroup",
        ),
        resources=lambda _: ["*"],
    ),
)


def denials(persona: Persona, names: Names) -> list[Statement]:
    """What is guaranteed not to be a persona's."""
    return [
        access.forbid(each.sid, each.actions, each.resources(names))
        for each in GUARANTEES
        if persona not in each.holders
    ]
