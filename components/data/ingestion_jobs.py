"""The jobs of ingestion: what the state machine asks each to do with an object, and what each may do.

What is of the object stands in a request as a path into the machine's state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import pulumi

from components import access, jobs
from components.access import Statement
from components.data import spark
from contracts.names import WorkloadNames

#: The jobs, and their roles, are called by what they do.
VALIDATION, PREPARATION = "validation", "preparation"
#: Eight digits of chance: names of jobs are unique in an account, and a taken one is tried again under another.
_CHANCE: Final = "States.ArrayGetItem(States.StringSplit(States.UUID(), '-'), 0)"
#: `s3://bucket/key` of the event's object.
_OBJECT: Final = "States.Format('s3://{}/{}', $.bucket.name, $.object.key)"
VERSION: Final = "$.object['version-id']"
#: SHA-256 of the delivered bytes, by which validation and what follows it know the object.
SHA256: Final = "$.note.verdict.object_sha256"


class Runs(StrEnum):
    """What runs a job: its optimised integration with Step Functions, which waits for the job's end."""

    PROCESSING = "sagemaker:createProcessingJob.sync"
    GLUE = "glue:startJobRun.sync"


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a job does with an accepted object.

    `request` is that of the API which `runs` it; `notes` is where the job notes that it has done it, a prefix of the
    processed bucket below which `<SHA-256 of the object>.json` lies.
    """

    name: str
    what: str
    request: Mapping[str, Any]
    notes: str
    runs: Runs = Runs.PROCESSING


@dataclass(frozen=True, kw_only=True)
class JobBase:
    """What the jobs of a machine have in common."""

    site: jobs.Site
    image_uri: str
    contract_uri: str
    instance_type: str
    minutes: int
    tags: Mapping[str, str]


def validation_request(
    names: WorkloadNames, base: JobBase, *, role_arn: pulumi.Input[str], salt_secret: str | None
) -> dict[str, Any]:
    """The request of the job that judges the object.

    It reads the object itself, and the version that the event names; an input would bring the newest.
    """
    texts = ["--no-failure", *(("--salt-secret", salt_secret) if salt_secret else ())]
    object_ = {"--object": _OBJECT, "--version-id": VERSION}
    return job_request(names, base, VALIDATION, ["workloads.validation"], texts, object_, role_arn=role_arn)


def steps(
    names: WorkloadNames,
    base: JobBase,
    *,
    role_arn: pulumi.Input[str],
    recipe: str,
    feature_group: str | None,
    code_version: str | None = None,
    joined: bool = False,
) -> list[Step]:
    """What is done with an accepted object, in this order (`workloads.ingestion`); the data set is made by Glue where
    there is a `code_version` for it, and by each training run itself where it is `joined` with the offline store."""
    layout = names.layout

    def request(command: str, *texts: str) -> dict[str, Any]:
        module = ["workloads.ingestion", command]
        given = ["--recipe", recipe, *texts]
        return job_request(names, base, PREPARATION, module, given, {"--object-sha256": SHA256}, role_arn=role_arn)

    on_spark = code_version is not None
    data_set = Step(
        name="MakeDataSet",
        what="DataSet",
        request=_glue_request(names, base, recipe, code_version) if on_spark else request("data-set"),
        notes=f"{layout.prepared}{recipe}/",
        runs=Runs.GLUE if on_spark else Runs.PROCESSING,
    )
    if feature_group is None:
        return [data_set]
    written = request("features", "--feature-group", feature_group)
    records = Step(name="WriteRecords", what="Records", request=written, notes=f"{layout.ingested}{recipe}/")
    return [records] if joined else [data_set, records]


def _glue_request(names: WorkloadNames, base: JobBase, recipe: str, code_version: str) -> dict[str, Any]:
    """The request of StartJobRun (`workloads.ingestion.on_spark`)."""
    arguments = {
        "--contract": base.contract_uri,
        "--processed": f"s3://{names.processed_bucket}/",
        "--workload": names.workload,
        "--recipe": recipe,
        "--code-version": code_version,
        "--object-sha256.$": SHA256,
    }
    return {"JobName": names.resource(spark.ROLE), "Arguments": arguments}


def job_request(
    names: WorkloadNames,
    base: JobBase,
    job: str,
    command: Sequence[str],
    texts: Sequence[str],
    paths: Mapping[str, str],
    *,
    role_arn: pulumi.Input[str],
) -> dict[str, Any]:
    """The request of CreateProcessingJob; `paths` are arguments whose values are of the object, paths into the input.

    The job writes what comes of it to the lake itself, note and all, so it is not isolated and has no outputs.
    """
    fixed = jobs.processing_request(
        base.site,
        name="",
        role_arn=role_arn,
        image_uri=base.image_uri,
        command=command,
        arguments=[],
        region=names.region,
        inputs={"contract": base.contract_uri},
        outputs={},
        instance_type=base.instance_type,
        minutes=base.minutes,
        isolated=False,
        tags=base.tags,
    )
    del fixed["ProcessingJobName"], fixed["AppSpecification"]["ContainerArguments"], fixed["ProcessingOutputConfig"]
    always = [
        *("--contract", f"{jobs.INPUT}/contract/contract.json", "--processed", f"s3://{names.processed_bucket}/"),
        *("--workload", names.workload),
    ]
    of_object = [text for name, path in paths.items() for text in (_literal(name), path)]
    arguments = ", ".join([*map(_literal, [*always, *texts]), *of_object])
    return {
        "ProcessingJobName.$": f"States.Format('{names.resource(job)}-{{}}', {_CHANCE})",
        **fixed,
        "AppSpecification": {**fixed["AppSpecification"], "ContainerArguments.$": f"States.Array({arguments})"},
    }


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def validation_statements(
    names: WorkloadNames,
    *,
    raw_key: pulumi.Input[str],
    processed_key: pulumi.Input[str],
    models_key: pulumi.Input[str],
) -> list[Statement]:
    """What validation may do: read what was delivered and the contract, write rows, reasons and verdicts."""
    layout, processed = names.layout, names.processed_bucket
    written = [layout.accepted, layout.quarantine, layout.ledger]
    return [
        *jobs.statements(
            names, volume_key=models_key, log_group=jobs.PROCESSING_LOGS, namespaces=[jobs.PROCESSING_LOGS]
        ),
        *access.read_objects("ReadContract", names, names.artifacts_bucket, [layout.contracts]),
        access.allow(
            "ReadDelivered",
            ["s3:GetObject", "s3:GetObjectVersion"],
            [names.bucket_arn(names.raw_bucket, f"{layout.incoming}*")],
        ),
        access.use_key("DecryptInputs", [raw_key, models_key], write=False),
        *access.read_objects("ReadVerdicts", names, processed, [layout.ledger]),
        access.write_objects("WriteOutcome", names, processed, written),
        # What lies there of the same bytes, of a former verdict or of a job at the same time or that was killed.
        access.find_objects("FindFormer", names, processed, [layout.accepted, layout.quarantine]),
        access.allow(
            "RemoveFormer",
            ["s3:DeleteObject"],
            [names.bucket_arn(processed, f"{prefix}*") for prefix in (layout.accepted, layout.quarantine)],
        ),
        access.use_key("EncryptOutcome", [processed_key], write=True),
    ]


def preparation_statements(
    names: WorkloadNames,
    *,
    feature_group: str | None,
    processed_key: pulumi.Input[str],
    models_key: pulumi.Input[str],
) -> list[Statement]:
    """What the steps may do: read what is accepted and the contract, write data sets, notes, and records of a group."""
    layout, processed = names.layout, names.processed_bucket
    group = f"feature-group/{feature_group}"
    return [
        *jobs.statements(
            names, volume_key=models_key, log_group=jobs.PROCESSING_LOGS, namespaces=[jobs.PROCESSING_LOGS]
        ),
        *access.read_objects("ReadContract", names, names.artifacts_bucket, [layout.contracts]),
        access.use_key("DecryptContract", [models_key], write=False),
        *access.read_objects(
            "ReadPrepared", names, processed, [layout.accepted, f"{layout.data_sets}index/", layout.ingested]
        ),
        access.write_objects("WriteOutcome", names, processed, [layout.data_sets, layout.prepared, layout.ingested]),
        access.use_key("EncryptOutcome", [processed_key], write=True),
        *(
            # The API reference of BatchWriteRecord names no permission: its own, and that of its records one by one.
            [
                access.allow(
                    "WriteRecords",
                    ["sagemaker:BatchWriteRecord", "sagemaker:PutRecord"],
                    [names.arn("sagemaker", group)],
                )
            ]
            if feature_group
            else []
        ),
    ]


def glue_statement(names: WorkloadNames) -> Statement:
    """Running the Spark job and seeing it through (Step Functions developer guide, "IAM policies for calling Glue")."""
    verbs = ("BatchStopJobRun", "GetJobRun", "GetJobRuns", "StartJobRun")
    job = names.arn("glue", f"job/{names.resource(spark.ROLE)}")
    return access.allow("RunSpark", [f"glue:{verb}" for verb in verbs], [job])


def salt_statement(names: WorkloadNames, secret: str) -> Statement:
    """Reading the salt of hashed columns; the secret's ARN ends in six characters of chance."""
    return access.allow(
        "ReadSalt", ["secretsmanager:GetSecretValue"], [names.arn("secretsmanager", f"secret:{secret}-??????")]
    )
