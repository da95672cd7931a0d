"""Who may do what, asked of the rendered policies of a stack with people.

`python -m tests.synth.matrix` writes it down. Every role of the stack is asked whether it may do all that an act needs
(`tests.iam`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from contracts.names import DEAD_LETTERS, Names
from contracts.release import emergency
from local.runtime import Stack
from local.runtime.answers import ACCOUNT
from settings import Persona
from tests import iam
from tests.synth import lake_formation

PAGE: Final = Path(__file__).parents[2] / "docs" / "permissions.md"
STACK: Final = "prod"
NAMES: Final = Names(stack=STACK, account=ACCOUNT, region="eu-west-1")
LIVE: Final = NAMES.of_workload("churn").of_endpoint("live")
PIPELINE: Final = LIVE.arn("sagemaker", f"pipeline/{LIVE.pipeline}")
MACHINE: Final = LIVE.training_machine_arn
INGESTION: Final = LIVE.arn("states", f"stateMachine:{LIVE.of_its_workload.resource('ingestion')}")
ENDPOINT: Final = LIVE.arn("sagemaker", f"endpoint/{LIVE.prefix}")
FEATURES: Final = LIVE.arn("sagemaker", f"feature-group/{LIVE.of_its_workload.resource('features-0123abcd')}")
SSO: Final = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_"

Need = tuple[str, str, Mapping[str, str]]


def _object(bucket: str, prefix: str) -> str:
    return LIVE.bucket_arn(bucket, f"{prefix}object")


def _parameter(name: str) -> str:
    return LIVE.arn("ssm", f"parameter{name}")


#: Bucket -> the kind of data whose key encrypts it.
_KEYS: Final = {LIVE.raw_bucket: "raw", LIVE.processed_bucket: "processed", LIVE.artifacts_bucket: "models"}


def _encrypted(action: str, bucket: str) -> list[Need]:
    return [(action, key(_KEYS[bucket]), {})] if bucket in _KEYS else []


def _reading(bucket: str, prefix: str) -> list[Need]:
    return [
        ("s3:GetObject", _object(bucket, prefix), {}),
        ("s3:ListBucket", LIVE.bucket_arn(bucket), {"s3:prefix": prefix}),
        *_encrypted("kms:Decrypt", bucket),
    ]


def _staged(stage: str, status: str) -> Need:
    facts = {"sagemaker:ModelLifeCycle:stage": stage, "sagemaker:ModelLifeCycle:stageStatus": status}
    return ("sagemaker:UpdateModelPackage", LIVE.arn("sagemaker", f"model-package/{LIVE.package_group}/1"), facts)


_LAYOUT = LIVE.layout
_REPOSITORY = LIVE.arn("ecr", f"repository/{LIVE.ground.resource('training')}")
_LOCK = LIVE.bucket_arn(LIVE.artifacts_bucket, LIVE.lock_key)
_FUNCTION_LOG = LIVE.arn("logs", f"log-group:/aws/lambda/{LIVE.resource('rollback')}:log-stream:one")
_HEAD: Final = """# Who may do what

Written by `python -m tests.synth.matrix`, which asks the rendered policies of a stack; a test keeps it current. Nobody
but who deploys the stack changes permissions or destroys anything.

**yes**: its policies and its boundary allow all that the act needs. **never**: denied, so that another policy on the
role does not give it. Nothing: not allowed.

## People

Roles of `access.personas` in the stack config ([configuration](configuration.md#accesspersonas)). Each is there if
somebody is named for it, is taken for an hour at most, and needs a sign-in through IAM Identity Center or a second
factor. They act on all workloads of the stack. Who trains does not approve, who approves does not promote, and who
promotes reads no data.

"""
_JOBS: Final = """
## Jobs

The roles of a workload, of its endpoint and of the network; each acts on its own workload alone.

"""


_COLUMNS: Final = """
## Columns of tables

With `lake_formation.administrators` in the stack config, Lake Formation decides who reads the tables of the Data
Catalog ([queries](data.md#queries)), and data scientists have no file of them any more. So it is for a contract whose
entity is hashed. No emulator enforces it: this is what the rendered tags, grants and policies come to.

"""


@cache
def people() -> dict[str, Any]:
    """The synth document of a stack where everybody is named and all jobs run; do not change it."""
    named = {persona.name.lower(): [f"{SSO}{persona}_*"] for persona in Persona}
    config = {
        "access": {"personas": named},
        "monitoring": {"engine": "sagemaker"},
        "retraining": {"schedule": "weekly"},
    }
    return Stack(STACK, config_overrides=config).synth()


def key(domain: str) -> str:
    """ARN of one of that stack's keys."""
    aliases = [r["inputs"] for r in people()["resources"] if r["type"] == "aws:kms/alias:Alias"]
    (found,) = (each["targetKeyId"] for each in aliases if each["name"] == f"alias/{NAMES.resource(domain)}")
    return NAMES.arn("kms", f"key/{found}")


@cache
def acts() -> Mapping[str, list[Need]]:
    """Act -> everything that it needs."""
    return {
        "deliver raw data": [
            ("s3:PutObject", _object(LIVE.raw_bucket, _LAYOUT.incoming), {}),
            *_encrypted("kms:GenerateDataKey", LIVE.raw_bucket),
        ],
        "read raw data, with personal data": _reading(LIVE.raw_bucket, _LAYOUT.incoming),
        "read quarantined rows, with personal data": _reading(LIVE.processed_bucket, _LAYOUT.quarantine),
        "add a column to the feature store": [("sagemaker:UpdateFeatureGroup", FEATURES, {})],
        "read accepted data": _reading(LIVE.processed_bucket, _LAYOUT.accepted),
        "read data sets": _reading(LIVE.processed_bucket, _LAYOUT.data_sets),
        "publish a data set": [
            ("s3:PutObject", _object(LIVE.processed_bucket, _LAYOUT.data_sets), {}),
            *_encrypted("kms:GenerateDataKey", LIVE.processed_bucket),
        ],
        "read captured traffic": _reading(LIVE.processed_bucket, f"{_LAYOUT.data_capture}{LIVE.prefix}/champion/"),
        "read models and reports of runs": _reading(LIVE.artifacts_bucket, _LAYOUT.runs),
        "start training": [("sagemaker:StartPipelineExecution", PIPELINE, {})],
        "start training by Step Functions": [("states:StartExecution", MACHINE, {})],
        "import a model that others made": [
            ("s3:PutObject", _object(LIVE.artifacts_bucket, _LAYOUT.imported), {}),
            *_encrypted("kms:GenerateDataKey", LIVE.artifacts_bucket),
            ("sagemaker:StartPipelineExecution", PIPELINE, {}),
        ],
        "register a model": [
            ("sagemaker:CreateModelPackage", LIVE.arn("sagemaker", f"model-package-group/{LIVE.package_group}"), {})
        ],
        "approve a model": [
            ("sagemaker:UpdateModelPackage", LIVE.arn("sagemaker", f"model-package/{LIVE.package_group}/1"), {})
        ],
        "say in the registry what serves": [_staged("Production", "Approved")],
        "archive a model": [_staged("Archived", "Retired")],
        "put a model into a stage that is not the platform's": [_staged("QA", "Approved")],
        "promote, split, shadow": [
            ("ssm:PutParameter", _parameter(LIVE.release_parameter), {}),
            *((f"s3:{verb}Object", _LOCK, {}) for verb in ("Delete", "Get", "Put")),
            *_encrypted("kms:GenerateDataKey", LIVE.artifacts_bucket),
        ],
        "promote to a multi-model endpoint": [
            ("ssm:PutParameter", _parameter(LIVE.release_parameter), {}),
            ("s3:GetObject", LIVE.bucket_arn(LIVE.artifacts_bucket, f"{_LAYOUT.runs}run/model.tar.gz"), {}),
            *(
                (f"s3:{verb}Object", _object(LIVE.artifacts_bucket, LIVE.archives("0123456789")), {})
                for verb in ("Delete", "Get", "Put")
            ),
            ("s3:ListBucket", LIVE.bucket_arn(LIVE.artifacts_bucket), {"s3:prefix": LIVE.archives("")}),
            *_encrypted("kms:GenerateDataKey", LIVE.artifacts_bucket),
            *_encrypted("kms:Decrypt", LIVE.artifacts_bucket),
        ],
        "publish an image": [
            *(
                ("ssm:PutParameter", _parameter(parameter), {})
                for parameter in (LIVE.image_parameter("training"), LIVE.referrers_parameter("training"))
            ),
            ("ecr:DescribeImages", _REPOSITORY, {}),
        ],
        # ListImageReferrers, by which a promotion compares (Amazon ECR API reference)
        "see signatures of images": [("ecr:BatchGetImage", _REPOSITORY, {})],
        "start a batch run": [
            (f"sagemaker:{verb}", LIVE.arn("sagemaker", f"transform-job/{LIVE.resource('batch-0123456789abcdef')}"), {})
            for verb in ("AddTags", "CreateTransformJob")
        ],
        "move an endpoint": [("sagemaker:UpdateEndpoint", ENDPOINT, {})],
        # as SageMaker wants it of one that goes, whatever it is called in Application Auto Scaling
        "end the scaling of a challenger": [
            ("application-autoscaling:DescribeScalableTargets", "*", {}),
            (
                "application-autoscaling:DeregisterScalableTarget",
                LIVE.arn("application-autoscaling", "scalable-target/0123456789abcdef"),
                {"application-autoscaling:scalable-dimension": "sagemaker:variant:DesiredInstanceCount"},
            ),
        ],
        "scale an endpoint": [
            ("application-autoscaling:DescribeScalableTargets", "*", {}),
            ("sagemaker:UpdateEndpointWeightsAndCapacities", ENDPOINT, {}),
        ],
        "scale copies and tasks": [
            (
                "sagemaker:UpdateInferenceComponentRuntimeConfig",
                LIVE.arn("sagemaker", f"inference-component/{LIVE.prefix}"),
                {},
            ),
            ("ecs:UpdateService", LIVE.arn("ecs", f"service/{LIVE.prefix}/{LIVE.prefix}"), {}),
        ],
        "set off a rollback": [
            ("cloudwatch:SetAlarmState", LIVE.arn("cloudwatch", f"alarm:{LIVE.resource('champion-server-errors')}"), {})
        ],
        "set off retraining": [
            ("cloudwatch:SetAlarmState", LIVE.arn("cloudwatch", f"alarm:{LIVE.resource('drift')}"), {})
        ],
        "halt a rollout": [("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": emergency.NAMESPACE})],
        "send dead letters and unjudged objects to ingestion again": [
            *(
                (f"sqs:{verb}", LIVE.arn("sqs", LIVE.of_its_workload.resource(DEAD_LETTERS)), {})
                for verb in ("ChangeMessageVisibility", "DeleteMessage", "GetQueueUrl", "ReceiveMessage")
            ),
            ("kms:Decrypt", key("messages"), {}),
            *((f"states:{verb}", INGESTION, {}) for verb in ("ListExecutions", "StartExecution")),
            ("states:DescribeExecution", f"{INGESTION.replace(':stateMachine:', ':execution:')}:one", {}),
            ("s3:ListBucketVersions", LIVE.bucket_arn(LIVE.raw_bucket), {"s3:prefix": _LAYOUT.incoming}),
            ("s3:ListBucket", LIVE.bucket_arn(LIVE.processed_bucket), {"s3:prefix": _LAYOUT.deliveries}),
        ],
        "see releases and their history": [
            ("ssm:GetParameter", _parameter(LIVE.release_parameter), {}),
            ("ssm:GetParameterHistory", _parameter(LIVE.release_parameter), {}),
        ],
        "read logs": [("logs:GetLogEvents", _FUNCTION_LOG, {})],
        "read who touched which object": _reading(LIVE.bucket("access-logs"), ""),
        "see roles and their policies": [("iam:GetRolePolicy", LIVE.role_arn("rollback"), {})],
        "change permissions": [("iam:PutRolePolicy", LIVE.role_arn("rollback"), {})],
        "destroy an endpoint": [("sagemaker:DeleteEndpoint", ENDPOINT, {})],
        "destroy data": [("s3:DeleteObjectVersion", _object(LIVE.raw_bucket, _LAYOUT.incoming), {})],
        "destroy keys": [("kms:ScheduleKeyDeletion", LIVE.arn("kms", "key/one"), {})],
    }


@cache
def roles() -> dict[str, iam.Role]:
    """The roles of that stack by name."""
    return iam.roles(people())


def persona(who: Persona) -> iam.Role:
    """The role of a persona."""
    return roles()[NAMES.resource(who.job)]


def answer(role: iam.Role, act: str) -> str:
    """Whether a role may do an act: `yes`, `never`, or nothing."""
    if all(role.may(*need) for need in acts()[act]):
        return "yes"
    return "never" if any(role.never(*need) for need in acts()[act]) else ""


def page() -> str:
    """docs/permissions.md."""
    who = {each.replace("-", " "): persona(each) for each in Persona}
    others = {_job(name): role for name, role in roles().items() if role not in who.values()}
    theirs = [act for act in acts() if any(answer(role, act) for role in others.values())]
    return _HEAD + _table(who, acts()) + _JOBS + _table(others, theirs) + _COLUMNS + _columns()


def _columns() -> str:
    """Tables with their columns as far as they are read alike, and how each persona reads them."""
    found = {persona: lake_formation.columns(persona) for persona in Persona}
    rows: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for table, columns in found[Persona.AUDITOR].items():
        for column in columns:
            rows.setdefault((table, tuple(found[each][table][column] for each in Persona)), []).append(f"`{column}`")
    head = ["table", "columns", *(each.replace("-", " ") for each in Persona)]
    lines = [head, ["---"] * len(head)]
    lines += [[f"`{table}`", ", ".join(columns), *how] for (table, how), columns in rows.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _job(role: str) -> str:
    """What a role is called after the names of the level that it belongs to."""
    for level in (LIVE, LIVE.of_its_workload, NAMES):
        role = role.removeprefix(f"{level.prefix}-")
    return role


def _table(columns: Mapping[str, iam.Role], acts: Iterable[str]) -> str:
    rows = [["", *columns], ["---"] * (len(columns) + 1)]
    rows += [[act, *(answer(role, act) for role in columns.values())] for act in acts]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
