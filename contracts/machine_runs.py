"""Runs of a training state machine, told in the words of SageMaker's pipelines (API reference).

Who starts and follows training (people's commands, the retraining function) asks a client of SageMaker. Where Step
Functions trains, it asks `MachineRuns` the same: a run is a pipeline execution, a task that starts a job is a step.
What is not of the machine goes on to SageMaker's client. Standard library only: zipped into a Lambda.

SageMaker tells a repeated start by its token, a machine by the execution's name, which is taken for 90 days. So an
execution that is started with a token is called by it, and one without by its display name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

_STATUS: Final = {
    "RUNNING": "Executing",
    "PENDING_REDRIVE": "Executing",
    "SUCCEEDED": "Succeeded",
    "FAILED": "Failed",
    "TIMED_OUT": "Failed",
    "ABORTED": "Stopped",
}
#: Tasks that are told as steps: by the call, what their metadata name, and the kind of its ARN.
_TASKS: Final = {
    "createProcessingJob": ("ProcessingJob", "processing-job"),
    "createTrainingJob": ("TrainingJob", "training-job"),
    "createModelPackage": ("RegisterModel", ""),
}
#: How a run fails that the gate rejected (`workloads.pipeline.machine`).
REJECTED: Final = "Rejected"
_NAME: Final = 80  # characters of an execution's name (API reference, StartExecution)


class MachineRuns:
    """A client of SageMaker for which the pipeline `pipeline` is a state machine.

    runs = MachineRuns(boto3.client("stepfunctions"), boto3.client("sagemaker"), pipeline="churn-prod", arn=machine_arn)
    runs.start_pipeline_execution(PipelineName="churn-prod", PipelineExecutionDisplayName="by-hand-1", ...)
    """

    def __init__(self, states: Any, sagemaker: Any, *, pipeline: str, arn: str) -> None:
        self._states, self._sagemaker = states, sagemaker
        self._pipeline, self._arn = pipeline, arn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sagemaker, name)

    def _is_mine(self, asked: Mapping[str, Any]) -> bool:
        if "PipelineExecutionArn" in asked:
            return asked["PipelineExecutionArn"].startswith(f"{self._arn.replace(':stateMachine:', ':execution:')}:")
        return asked["PipelineName"] == self._pipeline

    def start_pipeline_execution(self, **asked: Any) -> dict[str, str]:
        """Start an execution, or give that which was started with the same token."""
        if not self._is_mine(asked):
            return self._sagemaker.start_pipeline_execution(**asked)
        if "SelectiveExecutionConfig" in asked:
            raise ValueError("a state machine runs all its steps; leave SelectiveExecutionConfig out")
        name = asked["PipelineExecutionDisplayName"]
        if token := asked.get("ClientRequestToken"):
            name = f"{name.partition('-')[0]}-{token}"[:_NAME]
        given = {
            "parameters": {each["Name"]: each["Value"] for each in asked["PipelineParameters"]},
            "why": asked.get("PipelineExecutionDescription", ""),
        }
        try:
            started = self._states.start_execution(stateMachineArn=self._arn, name=name, input=json.dumps(given))
        except self._states.exceptions.ExecutionAlreadyExists:
            if not token:
                raise
            return {"PipelineExecutionArn": f"{self._arn.replace(':stateMachine:', ':execution:')}:{name}"}
        return {"PipelineExecutionArn": started["executionArn"]}

    def describe_pipeline(self, **asked: Any) -> dict[str, Any]:
        """The definition, as far as it says what would be registered."""
        if not self._is_mine(asked):
            return self._sagemaker.describe_pipeline(**asked)
        definition = json.loads(self._states.describe_state_machine(stateMachineArn=self._arn)["definition"])
        registers = [
            {"Name": name, "Type": "RegisterModel", "Arguments": state["Parameters"]}
            for name, state in definition["States"].items()
            if state.get("Resource", "").endswith(":createModelPackage")
        ]
        return {"PipelineName": self._pipeline, "PipelineDefinition": json.dumps({"Steps": registers})}

    def describe_pipeline_execution(self, **asked: Any) -> dict[str, Any]:
        """One execution, with the reason of a failure."""
        if not self._is_mine(asked):
            return self._sagemaker.describe_pipeline_execution(**asked)
        found = self._states.describe_execution(executionArn=asked["PipelineExecutionArn"])
        reason = _reason(found.get("error", ""), found.get("cause", ""))
        return {
            "PipelineExecutionArn": found["executionArn"],
            "PipelineExecutionDisplayName": found["name"],
            "PipelineExecutionStatus": _STATUS[found["status"]],
            "CreationTime": found["startDate"],
            **({"FailureReason": reason} if reason else {}),
        }

    def list_pipeline_executions(self, **asked: Any) -> dict[str, Any]:
        """Executions, newest first, `MaxResults` of them."""
        if not self._is_mine(asked):
            return self._sagemaker.list_pipeline_executions(**asked)
        return {"PipelineExecutionSummaries": self._executions(asked)[: asked.get("MaxResults")]}

    def list_pipeline_parameters_for_execution(self, **asked: Any) -> dict[str, Any]:
        """What an execution was asked; those that it took the default of are not among them."""
        if not self._is_mine(asked):
            return self._sagemaker.list_pipeline_parameters_for_execution(**asked)
        found = self._states.describe_execution(executionArn=asked["PipelineExecutionArn"])
        given = _parameters(found.get("input", "{}"))
        return {"PipelineParameters": [{"Name": name, "Value": value} for name, value in given.items()]}

    def get_paginator(self, operation: str) -> Any:
        """All of it as one page."""
        return _Paginator(self, self._sagemaker, operation)

    def all_of(self, operation: str, asked: Mapping[str, Any]) -> dict[str, Any] | None:
        """The one page of an operation; None where it is not of the machine."""
        if not ({"PipelineExecutionArn", "PipelineName"} & asked.keys()) or not self._is_mine(asked):
            return None
        match operation:
            case "list_pipeline_executions":
                return {"PipelineExecutionSummaries": self._executions(asked)}
            case "list_pipeline_execution_steps":
                return {"PipelineExecutionSteps": self._steps(asked["PipelineExecutionArn"])}
            case _:
                return getattr(self, operation)(**asked)

    def _executions(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        pages = self._states.get_paginator("list_executions").paginate(stateMachineArn=self._arn)
        since: datetime | None = asked.get("CreatedAfter")
        found = [
            {
                "PipelineExecutionArn": each["executionArn"],
                "PipelineExecutionDisplayName": each["name"],
                "PipelineExecutionStatus": _STATUS[each["status"]],
                "StartTime": each["startDate"],
            }
            for page in pages
            for each in page["executions"]
            if since is None or each["startDate"] >= since
        ]
        return sorted(found, key=lambda each: each["StartTime"], reverse=True)

    def _steps(self, execution: str) -> list[dict[str, Any]]:
        """The tasks that start jobs or register, as an execution's history tells them, in the order of their starts."""
        pages = self._states.get_paginator("get_execution_history").paginate(executionArn=execution)
        states: dict[int, str] = {}
        steps: dict[str, dict[str, Any]] = {}
        for event in (event for page in pages for event in page["events"]):
            entered = event.get("stateEnteredEventDetails")
            state = entered["name"] if entered else states.get(event["previousEventId"], "")
            states[event["id"]] = state
            self._tell(event, state, steps)
        return list(steps.values())

    def _tell(self, event: Mapping[str, Any], state: str, steps: dict[str, dict[str, Any]]) -> None:
        """What an event says of a step; one that was tried again is told from its first start to its last end."""
        if scheduled := event.get("taskScheduledEventDetails"):
            call = scheduled["resource"].partition(".")[0]
            if call in _TASKS and scheduled["resourceType"].endswith("sagemaker"):
                step = steps.setdefault(state, {"StepName": state, "StartTime": event["timestamp"], "AttemptCount": 0})
                step |= {"StepStatus": "Executing", "AttemptCount": step["AttemptCount"] + 1}
                step["Metadata"] = self._metadata(call, json.loads(scheduled["parameters"]))
                step.pop("FailureReason", None)
        elif state not in steps:
            return
        elif succeeded := event.get("taskSucceededEventDetails"):
            steps[state] |= {"StepStatus": "Succeeded", "EndTime": event["timestamp"]}
            if "RegisterModel" in steps[state]["Metadata"]:
                made = json.loads(succeeded["output"])["ModelPackageArn"]
                steps[state]["Metadata"] = {"RegisterModel": {"Arn": made}}
        elif failed := event.get("taskFailedEventDetails") or event.get("taskTimedOutEventDetails"):
            reason = _reason(failed.get("error", ""), failed.get("cause", ""))
            steps[state] |= {"StepStatus": "Failed", "EndTime": event["timestamp"], "FailureReason": reason}

    def _metadata(self, call: str, request: Mapping[str, Any]) -> dict[str, Any]:
        kind, resource = _TASKS[call]
        if not resource:
            return {kind: {}}
        _, partition, _, region, account, *_ = self._arn.split(":")
        name = request[f"{kind}Name"]
        return {kind: {"Arn": f"arn:{partition}:sagemaker:{region}:{account}:{resource}/{name}"}}


class _Paginator:
    def __init__(self, runs: MachineRuns, sagemaker: Any, operation: str) -> None:
        self._runs, self._sagemaker, self._operation = runs, sagemaker, operation

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        page = self._runs.all_of(self._operation, asked)
        if page is None:
            yield from self._sagemaker.get_paginator(self._operation).paginate(**asked)
        else:
            yield page


def _parameters(text: str) -> Mapping[str, Any]:
    """Of an execution's input. Who starts one at the console may give anything: it fails, and had none."""
    given = json.loads(text)
    found = given.get("parameters") if isinstance(given, dict) else None
    return found if isinstance(found, dict) else {}


def _reason(error: str, cause: str) -> str:
    """In a sentence: the gate's own, that of a job, or what Step Functions says."""
    if error == REJECTED:
        return cause
    try:
        told = json.loads(cause)
    except ValueError:
        told = None
    if isinstance(told, dict) and "FailureReason" in told:
        return str(told["FailureReason"])
    return ": ".join(part for part in (error, cause) if part)
