"""The state machine of ingestion as data: what is done with each delivered object, in the Amazon States Language.

    Validate      a processing job judges the object: accepted and quarantined rows, or why all of it is refused
    ReadVerdict   what the job noted of this version of the object (`workloads.validation.delivery`)
    Decide        accepted -> AskForTraining, where the contract says `retrain_after_rows`; else -> TellPeople
    Bury, Failed  what could not be done in several tries lies with the dead letters, as the event it was

Every step may be done twice: the job changes nothing the second time, and retraining has its brakes. An execution runs
to its end by the definition, and so under the contract, that it was started with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi

from components import jobs
from contracts.names import WorkloadNames

#: Task of Step Functions that starts a processing job and waits for its end.
_RUN_JOB: Final = "arn:{}:states:::sagemaker:createProcessingJob.sync"
#: Eight digits of chance: names of jobs are unique in an account, and a taken one is tried again under another.
_CHANCE: Final = "States.ArrayGetItem(States.StringSplit(States.UUID(), '-'), 0)"
#: `s3://bucket/key` of the event's object.
_OBJECT: Final = "States.Format('s3://{}/{}', $.bucket.name, $.object.key)"
_VERSION: Final = "$.object['version-id']"
#: An execution that takes longer than its job may, and its tries, is broken off.
TRIES: Final = 3


def pattern(names: WorkloadNames) -> dict[str, Any]:
    """The events that start the machine: a new object below the workload's prefix in the raw bucket."""
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": [names.raw_bucket]},
            "object": {"key": [{"prefix": names.layout.incoming}]},
        },
    }


def definition(
    names: WorkloadNames,
    *,
    request: Mapping[str, Any],
    minutes: int,
    alerts_arn: pulumi.Input[str],
    queue_url: pulumi.Input[str],
    retrain_after_rows: int | None,
) -> dict[str, Any]:
    """The machine; its input is the detail of an event of S3.

    `request` is that of CreateProcessingJob (`job_request`), `minutes` what a job may take. With `retrain_after_rows`
    the retraining function is asked after each accepted object; whether so many rows are new is for it to count.
    """
    accepted = "Decided" if retrain_after_rows is None else "AskForTraining"
    states: dict[str, Any] = {
        "Validate": {
            "Type": "Task",
            "Resource": _RUN_JOB.format(names.partition),
            "Parameters": request,
            "ResultPath": None,
            "TimeoutSeconds": (minutes + 30) * 60,  # half an hour for the instance to come
            **_tried(seconds=60, tries=TRIES),
            "Next": "ReadVerdict",
        },
        "ReadVerdict": {
            "Type": "Task",
            "Resource": f"arn:{names.partition}:states:::aws-sdk:s3:getObject",
            "Parameters": {"Bucket": names.processed_bucket, "Key.$": _note_key(names)},
            "ResultSelector": {"verdict.$": "States.StringToJson($.Body)"},
            "ResultPath": "$.note",
            **_tried(seconds=5, tries=TRIES),
            "Next": "Decide",
        },
        "Decide": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.note.verdict.status", "StringEquals": "accepted", "Next": accepted}],
            "Default": "TellPeople",
        },
        "TellPeople": {
            "Type": "Task",
            "Resource": f"arn:{names.partition}:states:::sns:publish",
            "Parameters": {
                "TopicArn": alerts_arn,
                "Subject": f"{names.prefix}: a delivered object is not used",
                "Message.$": _message(names),
            },
            "ResultPath": None,
            **_tried(seconds=5, tries=TRIES),
            "Next": "Decided",
        },
        "Decided": {"Type": "Succeed"},
        "Bury": {
            "Type": "Task",
            "Resource": f"arn:{names.partition}:states:::sqs:sendMessage",
            "Parameters": {"QueueUrl": queue_url, "MessageBody.$": "States.JsonToString($)"},
            "ResultPath": None,
            "Retry": [_again(["States.ALL"], seconds=5, tries=TRIES)],
            "Next": "Failed",
        },
        "Failed": {"Type": "Fail", "ErrorPath": "$.error.Error", "CausePath": "$.error.Cause"},
    }
    if retrain_after_rows is not None:
        states["AskForTraining"] = {
            "Type": "Task",
            "Resource": f"arn:{names.partition}:states:::lambda:invoke",
            "Parameters": {
                "FunctionName": names.arn("lambda", f"function:{names.resource('retraining')}"),
                "Payload": {
                    "trigger": f"new data: {retrain_after_rows} rows are worth a training",
                    "at_least_rows": retrain_after_rows,
                },
            },
            "ResultSelector": {"answer.$": "$.Payload"},
            "ResultPath": "$.training",
            **_tried(seconds=10, tries=8),  # it runs once at a time, and many files may come at once
            "Next": "Decided",
        }
    return {
        "Comment": f"What is done with each object delivered to {names.workload}",
        "StartAt": "Validate",
        "States": states,
    }


def job_request(
    names: WorkloadNames,
    *,
    site: jobs.Site,
    role_arn: pulumi.Input[str],
    image_uri: str,
    contract_uri: str,
    instance_type: str,
    minutes: int,
    salt_secret: str | None,
    tags: Mapping[str, str],
) -> dict[str, Any]:
    """The request of CreateProcessingJob, with what is of the object as paths into the machine's input.

    The job reads the object itself, and the version that the event names; an input would bring the newest.
    """
    fixed = jobs.processing_request(
        site,
        name="",
        role_arn=role_arn,
        image_uri=image_uri,
        command=["workloads.validation"],
        arguments=[],
        region=names.region,
        inputs={"contract": contract_uri},
        outputs={},
        instance_type=instance_type,
        minutes=minutes,
        isolated=False,  # it reads the object and writes what comes of it
        tags=tags,
    )
    del fixed["ProcessingJobName"], fixed["AppSpecification"]["ContainerArguments"], fixed["ProcessingOutputConfig"]
    texts = [
        *("--contract", f"{jobs.INPUT}/contract/contract.json", "--processed", f"s3://{names.processed_bucket}/"),
        *("--workload", names.workload, "--no-failure"),
        *(("--salt-secret", salt_secret) if salt_secret else ()),
    ]
    arguments = ", ".join([*map(_literal, texts), "'--object'", _OBJECT, "'--version-id'", _VERSION])
    return {
        "ProcessingJobName.$": f"States.Format('{names.resource('validation')}-{{}}', {_CHANCE})",
        **fixed,
        "AppSpecification": {**fixed["AppSpecification"], "ContainerArguments.$": f"States.Array({arguments})"},
    }


def _note_key(names: WorkloadNames) -> str:
    """Key of what validation notes of a version of an object (`workloads.validation.delivery`)."""
    told = f"States.Format('s3://{{}}/{{}} {{}}', $.bucket.name, $.object.key, {_VERSION})"
    return f"States.Format('{names.layout.deliveries}{{}}.json', States.Hash({told}, 'SHA-256'))"


def _message(names: WorkloadNames) -> str:
    text = (
        "{} of {} (version {}) was {}: {} of its {} rows are quarantined. Why: s3://"
        f"{names.processed_bucket}/{names.layout.quarantine}{{}}/reason.json"
    )
    verdict = "$.note.verdict"
    paths = ["$.object.key", "$.bucket.name", _VERSION, f"{verdict}.status", f"{verdict}.quarantined"]
    return f"States.Format('{text}', {', '.join([*paths, f'{verdict}.rows_in', f'{verdict}.object_sha256'])})"


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _tried(*, seconds: int, tries: int) -> dict[str, Any]:
    """Again after waits that double, each a random part of it; then to the dead letters with the reason."""
    return {
        "Retry": [_again(["States.ALL"], seconds=seconds, tries=tries)],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Bury"}],
    }


def _again(errors: list[str], *, seconds: int, tries: int) -> dict[str, Any]:
    return {
        "ErrorEquals": errors,
        "IntervalSeconds": seconds,
        "MaxAttempts": tries - 1,
        "BackoffRate": 2,
        "MaxDelaySeconds": 600,
        "JitterStrategy": "FULL",
    }
