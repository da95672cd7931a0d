"""What the training pipeline and its jobs may do, and which services the jobs' code calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

import pulumi

from components import access, jobs
from components.access import Statement
from components.reach import Calls
from contracts.feature_store import DATABASE, table_pattern
from contracts.names import EndpointNames, WorkloadNames

#: Pipelines names its jobs `pipelines-<execution>-<step>-<random>`.
JOB_NAMES = "pipelines-*"


class Job(StrEnum):
    """The kinds of job in the pipeline, each with a role of its own."""

    PROCESSING = "processing"
    TRAINING = "training"
    EVALUATION = "evaluation"


def calls(joined: Iterable[bool]) -> Calls:
    """AWS services that the jobs' code calls (`components.reach`): the gate asks what is live, and where a training set
    is joined with an offline store, that is asked for. Training calls S3 only."""
    gate = {Job.EVALUATION.value: frozenset({"sagemaker.api", "ssm"})}
    return gate | ({Job.PROCESSING.value: frozenset({"glue", "sagemaker.api"})} if any(joined) else {})


def _job_basics(names: WorkloadNames, models_key: pulumi.Input[str], log_group: str) -> list[Statement]:
    return [
        *jobs.statements(names, volume_key=models_key, log_group=log_group, namespaces=[log_group]),
        access.use_key("EncryptArtifacts", [models_key], write=True),
    ]


def job_statements(
    job: Job,
    champion: EndpointNames,
    *,
    models_key: pulumi.Input[str],
    processed_key: pulumi.Input[str],
    feature_group: str | None = None,
    asks_images: bool = False,
) -> list[Statement]:
    """Everything the role of a kind of job may do; `champion` is the endpoint that candidates are compared with, and
    `feature_group` the one whose offline store rows are joined with.

    With `asks_images` the evaluation asks images of others too.
    """
    names = champion.of_its_workload
    artifacts, layout = names.artifacts_bucket, names.layout
    reads = access.read_objects("ReadArtifacts", names, artifacts, [layout.contracts, layout.runs])
    match job:
        case Job.PROCESSING:
            return [
                *_job_basics(names, models_key, jobs.PROCESSING_LOGS),
                *access.read_objects(
                    "ReadAccepted", names, names.processed_bucket, [layout.accepted, layout.data_sets]
                ),
                access.use_key("DecryptAccepted", [processed_key], write=False),
                *reads,
                access.write_objects("WriteRuns", names, artifacts, [layout.runs]),
                *(_store_statements(names, feature_group) if feature_group else []),
            ]
        case Job.TRAINING:
            return [
                *_job_basics(names, models_key, jobs.TRAINING_LOGS),
                *reads,
                *access.read_objects("ResumeCheckpoints", names, artifacts, [layout.checkpoints]),
                access.write_objects("WriteRuns", names, artifacts, [layout.checkpoints, layout.runs]),
            ]
        case Job.EVALUATION:
            return [
                *_job_basics(names, models_key, jobs.PROCESSING_LOGS),
                *reads,
                access.write_objects("WriteRuns", names, artifacts, [layout.runs]),
                *sees_champion(champion),
                *(_asking(names) if asks_images else []),
            ]


def sees_champion(endpoint: EndpointNames) -> list[Statement]:
    """What whoever asks which model an endpoint serves may do."""
    packages = endpoint.arn("sagemaker", f"model-package/{endpoint.package_group}/*")
    record = endpoint.arn("ssm", f"parameter{endpoint.release_parameter}")
    return [
        access.allow("ReadRelease", ["ssm:GetParameter"], [record]),
        access.allow("ReadChampion", ["sagemaker:DescribeModelPackage"], [packages]),
    ]


def _asking(names: WorkloadNames) -> list[Statement]:
    """Asking an image of others by a transform job, which has this role too: it is isolated, so its code has not."""

    def arn(kind: str) -> str:
        return names.arn("sagemaker", f"{kind}/{names.resource('asked-*')}")

    return [
        access.allow("MakeModels", ["sagemaker:CreateModel", "sagemaker:DeleteModel"], [arn("model")]),
        access.allow(
            "AskModels", ["sagemaker:CreateTransformJob", "sagemaker:DescribeTransformJob"], [arn("transform-job")]
        ),
        access.pass_role("HandRoleToModels", [names.role_arn(Job.EVALUATION)], jobs.SAGEMAKER),
        replace(access.write_logs(names, [jobs.TRANSFORM_LOGS], create=True), sid="WriteTransformLogs"),
        replace(access.put_metrics([jobs.TRANSFORM_LOGS]), sid="PublishTransformMetrics"),
    ]


def _store_statements(names: WorkloadNames, group: str) -> list[Statement]:
    """Finding a group's offline store, and reading the files that its table names: none is listed."""
    places = ("catalog", f"database/{DATABASE}", f"table/{DATABASE}/{table_pattern(group)}")
    return [
        access.allow(
            "FindStore", ["sagemaker:DescribeFeatureGroup"], [names.arn("sagemaker", f"feature-group/{group}")]
        ),
        access.allow("FindSnapshot", ["glue:GetTable"], [names.arn("glue", place) for place in places]),
        access.allow(
            "ReadStore", ["s3:GetObject"], [names.bucket_arn(names.processed_bucket, f"{names.layout.offline_store}*")]
        ),
    ]


def recorded(names: WorkloadNames, jobs_called: str) -> list[str]:
    """What runs are recorded in: the experiment, its trials, and a component for each job, which is called alike."""

    def arn(resource: str) -> str:
        return names.arn("sagemaker", resource)

    components = f"experiment-trial-component/{jobs_called}"
    return [arn(f"experiment/{names.pipeline}"), arn("experiment-trial/*"), arn(components)]


def record_experiments(records: list[str]) -> Statement:
    """Keeping a record of runs there."""
    return access.allow(
        "RecordExperiments",
        [
            "sagemaker:AssociateTrialComponent",
            "sagemaker:CreateExperiment",
            "sagemaker:CreateTrial",
            "sagemaker:CreateTrialComponent",
            "sagemaker:DescribeExperiment",
            "sagemaker:DescribeTrial",
            "sagemaker:DescribeTrialComponent",
            "sagemaker:UpdateTrialComponent",
        ],
        records,
    )


def pipeline_statements(
    names: WorkloadNames, *, models_key: pulumi.Input[str], experiments: bool = True
) -> list[Statement]:
    """What the pipeline may do: start and watch its own jobs, read the gate's answer, register, and with `experiments`
    keep a record there."""

    def arn(resource: str) -> str:
        return names.arn("sagemaker", resource)

    started = [arn(f"{kind}/{JOB_NAMES}") for kind in ("processing-job", "training-job")]
    group = [arn(f"model-package-group/{names.package_group}"), arn(f"model-package/{names.package_group}/*")]
    records = recorded(names, JOB_NAMES)
    # Jobs of every pipeline are called alike; the tag that the definition puts on them tells whose they are. A job that
    # has the tag already is somebody's.
    mine, asked = (
        {"StringEquals": {f"aws:{origin}Tag/Workload": names.workload}} for origin in ("Resource", "Request")
    )
    new = {"Null": {"aws:ResourceTag/Workload": "true"}}
    kinds = ("Processing", "Training")
    return [
        access.allow("StartJobs", [f"sagemaker:Create{kind}Job" for kind in kinds], started, conditions=asked),
        access.allow(
            "FollowJobs",
            [f"sagemaker:{verb}{kind}Job" for kind in kinds for verb in ("Describe", "Stop")],
            started,
            conditions=mine,
        ),
        access.allow("TagJobs", ["sagemaker:AddTags"], started, conditions={**asked, **new}),
        access.allow("TagWhatItMakes", ["sagemaker:AddTags"], [*group, *(records if experiments else [])]),
        access.allow(
            "RegisterModels",
            ["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup"],
            group,
        ),
        *([record_experiments(records)] if experiments else []),
        *access.read_objects("ReadRuns", names, names.artifacts_bucket, [names.layout.runs]),
        access.use_key("EncryptArtifacts", [models_key], write=True),
        access.grant_key("EncryptVolumes", [models_key]),
        access.pass_role("HandRolesToJobs", [names.role_arn(job) for job in Job], jobs.SAGEMAKER),
    ]
