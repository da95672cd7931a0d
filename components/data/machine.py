"""The state machine of ingestion as data: what is done with each delivered object, in the Amazon States Language.

    Validate        a processing job judges the object: accepted and quarantined rows, or why all of it is refused
    ReadVerdict     what the job noted of this version of the object (`workloads.validation.delivery`)
    Decide          accepted -> the steps; else -> TellPeople
    LookFor<step>   whether the step was done for the same bytes before: a note of the job that does it
    <step>          MakeDataSet: ETL, and a data set of all that is accepted, by a processing job or by Glue;
                    WriteRecords: rows to the feature store
    AskForTraining  where new rows or their labels may be a reason (`Asks`); asked again while a brake holds that passes
    Bury, Failed    what could not be done in several tries lies with the dead letters, as the event it was

An execution that is stopped or runs out of time buries nothing: a rule brings its end to the dead letters (`killed`).

Every step may be done twice: its job changes nothing the second time, and retraining has its brakes. An execution runs
to its end by the definition, and so under the contract, that it was started with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi

from components.data.ingestion_jobs import SHA256, VERSION, Runs, Step
from contracts.names import WorkloadNames

#: An execution that takes longer than its job may, and its tries, is broken off.
TRIES: Final = 3
#: What is said while as many jobs are under way as the account may have, or Glue's job; it is no failure of this one.
_BUSY: Final[Mapping[Runs, tuple[str, ...]]] = {
    Runs.PROCESSING: ("SageMaker.ResourceLimitExceededException", "SageMaker.ThrottlingException"),
    Runs.GLUE: ("Glue.ConcurrentRunsExceededException", "Glue.ResourceNumberLimitExceededException"),
}
#: Waits of five minutes on average: a day.
BUSY_TRIES: Final = 288
#: Any other refusal of SageMaker's API: a throttled call has this name too, and so has a request that is wrong.
_REFUSED: Final[Mapping[Runs, tuple[str, ...]]] = {
    Runs.PROCESSING: ("SageMaker.AmazonSageMakerException",),
    Runs.GLUE: (),
}
REFUSED_TRIES: Final = 10
#: Minutes between two questions while a training run is under way, or cools down.
ASK_AGAIN_MINUTES: Final = 30


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


@dataclass(frozen=True, kw_only=True)
class Asks:
    """What of new data may be a reason to train: so many rows, labels whose shares moved by more than this."""

    rows: int | None = None
    label_shift: float | None = None

    @property
    def payload(self) -> dict[str, Any]:
        """What the retraining function is asked; empty where nothing is."""
        said = {"at_least_rows": self.rows, "max_label_shift": self.label_shift}
        given = {key: value for key, value in said.items() if value is not None}
        worth = "new data" if self.rows is None else f"new data: {self.rows} rows are worth a training"
        return {"trigger": worth, **given} if given else {}


NOTHING: Final = Asks()


def killed(machine_arn: str) -> dict[str, Any]:
    """The events of executions that ended by no state of theirs; their detail has the input as a text."""
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [machine_arn], "status": ["ABORTED", "TIMED_OUT"]},
    }


def definition(
    names: WorkloadNames,
    *,
    request: Mapping[str, Any],
    steps: Sequence[Step],
    minutes: int,
    alerts_arn: pulumi.Input[str],
    queue_url: pulumi.Input[str],
    asks: Asks = NOTHING,
) -> dict[str, Any]:
    """The machine; its input is the detail of an event of S3.

    `request` is that of the validation's CreateProcessingJob (`job_request`), `minutes` what a job may take. Where
    it `asks`, the retraining function is asked after the steps; what is new is for it to look up.
    """
    done = "AskForTraining" if asks.payload else "Decided"
    begins = [f"LookFor{step.what}" for step in steps] + [done]
    states: dict[str, Any] = {
        "Validate": _job(names, request, Runs.PROCESSING, minutes=minutes, then="ReadVerdict"),
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
            "Choices": [{"Variable": "$.note.verdict.status", "StringEquals": "accepted", "Next": begins[0]}],
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
        # A state may not fail by an error of Step Functions' own, as a job's end is (States Language, "Errors").
        "Failed": {"Type": "Fail", "Error": "Buried", "CausePath": "$.error.Cause"},
    }
    for step, then in zip(steps, begins[1:], strict=True):
        states |= _step(names, step, minutes=minutes, then=then)
    if asks.payload:
        states |= _asking(names, asks)
    return {
        "Comment": f"What is done with each object delivered to {names.workload}",
        "StartAt": "Validate",
        "States": states,
    }


def _job(names: WorkloadNames, request: Mapping[str, Any], runs: Runs, *, minutes: int, then: str) -> dict[str, Any]:
    waiting = [_again(list(_BUSY[runs]), seconds=60, tries=BUSY_TRIES)]
    waiting += [_again(list(each), seconds=60, tries=REFUSED_TRIES) for each in [_REFUSED[runs]] if each]
    tried = _tried(seconds=60, tries=TRIES)
    return {
        "Type": "Task",
        "Resource": f"arn:{names.partition}:states:::{runs}",
        "Parameters": request,
        "ResultPath": None,
        "TimeoutSeconds": (minutes + 30) * 60,  # half an hour for the instance to come
        **tried,
        "Retry": [*waiting, *tried["Retry"]],
        "Next": then,
    }


def _step(names: WorkloadNames, step: Step, *, minutes: int, then: str) -> dict[str, Any]:
    """A step, unless its note is there. It is looked for in a list, where what is not there is no error."""
    look, choice = f"LookFor{step.what}", f"Has{step.what}"
    return {
        look: {
            "Type": "Task",
            "Resource": f"arn:{names.partition}:states:::aws-sdk:s3:listObjectsV2",
            "Parameters": {
                "Bucket": names.processed_bucket,
                "MaxKeys": 1,
                "Prefix.$": f"States.Format('{step.notes}{{}}.json', {SHA256})",
            },
            "ResultSelector": {"found.$": "$.KeyCount"},
            "ResultPath": "$.looked",
            **_tried(seconds=5, tries=TRIES),
            "Next": choice,
        },
        choice: {
            "Type": "Choice",
            "Choices": [{"Variable": "$.looked.found", "NumericEquals": 0, "Next": step.name}],
            "Default": then,
        },
        step.name: _job(names, step.request, step.runs, minutes=minutes, then=then),
    }


def _asking(names: WorkloadNames, asks: Asks) -> dict[str, Any]:
    """Ask for training; an execution waits (for nothing) while a run is under way or cools down, and asks again."""
    return {
        "AskForTraining": {
            "Type": "Task",
            "Resource": f"arn:{names.partition}:states:::lambda:invoke",
            "Parameters": {
                "FunctionName": names.arn("lambda", f"function:{names.resource('retraining')}"),
                "Payload": asks.payload,
            },
            "ResultSelector": {"answer.$": "$.Payload"},
            "ResultPath": "$.training",
            **_tried(seconds=10, tries=8),  # it runs once at a time, and many files may come at once
            "Next": "HasAnswer",
        },
        "HasAnswer": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.training.answer.action", "StringEquals": "later", "Next": "WaitForTraining"}],
            "Default": "Decided",
        },
        "WaitForTraining": {"Type": "Wait", "Seconds": ASK_AGAIN_MINUTES * 60, "Next": "AskForTraining"},
    }


def _note_key(names: WorkloadNames) -> str:
    """Key of what validation notes of a version of an object (`workloads.validation.delivery`)."""
    told = f"States.Format('s3://{{}}/{{}} {{}}', $.bucket.name, $.object.key, {VERSION})"
    return f"States.Format('{names.layout.deliveries}{{}}.json', States.Hash({told}, 'SHA-256'))"


def _message(names: WorkloadNames) -> str:
    text = (
        "{} of {} (version {}) was {}: {} of its {} rows are quarantined. Why: s3://"
        f"{names.processed_bucket}/{names.layout.quarantine}{{}}/_reason.json"
    )
    verdict = "$.note.verdict"
    paths = ["$.object.key", "$.bucket.name", VERSION, f"{verdict}.status", f"{verdict}.quarantined"]
    return f"States.Format('{text}', {', '.join([*paths, f'{verdict}.rows_in', f'{verdict}.object_sha256'])})"


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
