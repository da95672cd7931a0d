"""Pipelines whose definitions are checked and whose executions run, and what the API tells of them.

moto accepts any text as a definition, calls an execution succeeded before it has begun, and lacks its steps and stop.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakePipelineExecution, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemaker.utils import get_pipeline_execution_from_arn, get_pipeline_from_name

from local.emulator.context import Context
from local.emulator.extension import add, replace, store, wrap
from local.emulator.sagemaker import definitions
from local.emulator.sagemaker.executions import Execution, Executions, described

_ID_LENGTH = 12
_ID_ALPHABET = string.ascii_lowercase + string.digits


def find(backend: SageMakerModelBackend, arn: str) -> Execution:
    """The execution of an ARN; moto's error when there is none."""
    get_pipeline_execution_from_arn(backend.pipelines, arn)
    return store(backend, "executions")[arn]


def describe_pipeline_execution(self: SageMakerResponse) -> ActionResult:
    """DescribePipelineExecution."""
    backend = self.sagemaker_backend
    execution = find(backend, self._get_param("PipelineExecutionArn"))
    kept = get_pipeline_execution_from_arn(backend.pipelines, execution.arn)
    described = {
        "PipelineArn": execution.pipeline_arn,
        "PipelineExecutionArn": execution.arn,
        "PipelineExecutionDisplayName": execution.display_name,
        "PipelineExecutionStatus": execution.status,
        "PipelineExecutionDescription": execution.description,
        "FailureReason": execution.failure_reason[:1300] if execution.failure_reason else None,
        "CreationTime": execution.started,
        "LastModifiedTime": execution.modified,
        "CreatedBy": kept.created_by,
        "LastModifiedBy": kept.last_modified_by,
        "ParallelismConfiguration": kept.parallelism_configuration,
    }
    return ActionResult({key: value for key, value in described.items() if value not in (None, {})})


def list_pipeline_executions(self: SageMakerResponse) -> ActionResult:
    """ListPipelineExecutions, newest first unless `SortOrder` says otherwise."""
    request, backend = self._get_params(), self.sagemaker_backend
    pipeline = get_pipeline_from_name(backend.pipelines, _name(request["PipelineName"]))
    chosen = [store(backend, "executions")[arn] for arn in pipeline.pipeline_executions]
    after, before = request.get("CreatedAfter"), request.get("CreatedBefore")
    chosen = [
        e for e in chosen if (not after or e.started >= _aware(after)) and (not before or e.started <= _aware(before))
    ]
    chosen.sort(key=lambda e: e.started, reverse=request.get("SortOrder") != "Ascending")
    summaries = [
        {
            "PipelineExecutionArn": e.arn,
            "StartTime": e.started,
            "PipelineExecutionStatus": e.status,
            "PipelineExecutionDescription": e.description,
            "PipelineExecutionDisplayName": e.display_name,
            "PipelineExecutionFailureReason": e.failure_reason[:1300] if e.failure_reason else None,
        }
        for e in chosen
    ]
    return ActionResult(_page("PipelineExecutionSummaries", summaries, request))


def list_pipeline_execution_steps(self: SageMakerResponse) -> ActionResult:
    """ListPipelineExecutionSteps, latest first unless `SortOrder` says otherwise."""
    request = self._get_params()
    execution = find(self.sagemaker_backend, request["PipelineExecutionArn"])
    steps = [described(step) for step in execution.steps.values()]
    steps.sort(key=lambda step: step["StartTime"], reverse=request.get("SortOrder") != "Ascending")
    return ActionResult(_page("PipelineExecutionSteps", steps, request))


def _page(key: str, items: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    """One page of a list; the token is the index of the next item."""
    token = request.get("NextToken") or "0"
    if not token.isdigit():
        raise ValidationError(f"NextToken is {token!r}, which this operation did not give.")
    start, size = int(token), int(request.get("MaxResults") or 100)
    more = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return {key: items[start : start + size]} | more


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _name(name_or_arn: str) -> str:
    return name_or_arn.rpartition("pipeline/")[2]


def _start(
    context: Context,
    executions: Executions,
    backend: SageMakerModelBackend,
    pipeline_name: str,
    given: list[dict[str, str]],
    selection: dict[str, Any] | None,
    kept: dict[str, Any],
) -> Execution:
    pipeline = get_pipeline_from_name(backend.pipelines, pipeline_name)
    token = kept["client_request_token"] or ""
    started: list[Execution] = [store(backend, "executions")[arn] for arn in pipeline.pipeline_executions]
    for execution in started:
        if token and execution.token == token:
            return execution
    definition = definitions.parsed(pipeline.pipeline_definition)
    values = definitions.parameters(definition, given)
    selected = _selected(definition, selection, started) if selection else {}
    identifier = "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))
    execution = Execution(
        arn=f"{pipeline.arn}/execution/{identifier}",
        pipeline_arn=pipeline.arn,
        pipeline_name=pipeline_name,
        account=backend.account_id,
        region=backend.region_name,
        token=token,
        display_name=kept["pipeline_execution_display_name"] or None,
        description=kept["pipeline_execution_description"] or None,
        workdir=context.directory("pipelines", pipeline_name),
    )
    record: Any = FakePipelineExecution(
        pipeline_execution_arn=execution.arn,
        pipeline_parameters=[{"Name": name, "Value": value} for name, value in values.items()],
        pipeline_definition=pipeline.pipeline_definition,
        **kept,
    )
    store(backend, "executions")[execution.arn] = execution  # first: whoever lists finds it by moto's record
    pipeline.pipeline_executions[execution.arn] = record
    pipeline.last_execution_time = execution.started.replace(tzinfo=None)
    executions.start(execution, definition, values, selected)
    return execution


def install(context: Context) -> Executions:
    """Check definitions, run executions."""
    executions = Executions(context)

    def started(  # EventBridge asks the backend too
        self: SageMakerModelBackend,
        pipeline_name: str,
        pipeline_execution_display_name: str | None,
        pipeline_parameters: list[dict[str, str]] | None,
        pipeline_execution_description: str | None,
        parallelism_configuration: dict[str, int] | None,
        client_request_token: str | None,
        selection: dict[str, Any] | None = None,
    ) -> dict[str, str]:
        kept = {
            "pipeline_execution_display_name": pipeline_execution_display_name,
            "pipeline_execution_description": pipeline_execution_description,
            "parallelism_configuration": parallelism_configuration,
            "client_request_token": client_request_token,
        }
        name, given = _name(pipeline_name), pipeline_parameters or []
        return {"PipelineExecutionArn": _start(context, executions, self, name, given, selection, kept).arn}

    def start_pipeline_execution(self: SageMakerResponse) -> ActionResult:
        request = self._get_params()
        members = ("PipelineName", "PipelineExecutionDisplayName", "PipelineParameters", "PipelineExecutionDescription")
        given: list[Any] = [request.get(name) for name in (*members, "ParallelismConfiguration", "ClientRequestToken")]
        selection = request.get("SelectiveExecutionConfig")
        return ActionResult(started(self.sagemaker_backend, *given, selection=selection))

    def stop_pipeline_execution(self: SageMakerResponse) -> ActionResult:
        """StopPipelineExecution; one that is over stays as it ended."""
        execution = find(self.sagemaker_backend, self._get_param("PipelineExecutionArn"))
        if execution.status not in ("Executing", "Stopping"):
            raise ValidationError(f"Pipeline execution {execution.arn} is {execution.status}, only Executing can stop.")
        executions.stop(execution)
        return ActionResult({"PipelineExecutionArn": execution.arn})

    def reset(original: Callable[..., None], self: SageMakerModelBackend) -> None:
        # Not waited for: moto holds a lock here that the end of an execution needs, to announce itself.
        executions.stop_those(lambda e: e.account == self.account_id and e.region == self.region_name)
        original(self)

    wrap(SageMakerModelBackend, "create_pipeline", _checked_create)
    wrap(SageMakerModelBackend, "update_pipeline", _checked_update)
    wrap(SageMakerModelBackend, "reset", reset)
    replace(SageMakerModelBackend, "start_pipeline_execution", started)
    replace(SageMakerResponse, "start_pipeline_execution", start_pipeline_execution)
    replace(SageMakerResponse, "describe_pipeline_execution", describe_pipeline_execution)
    replace(SageMakerResponse, "list_pipeline_executions", list_pipeline_executions)
    add(SageMakerResponse, "list_pipeline_execution_steps", list_pipeline_execution_steps)
    add(SageMakerResponse, "stop_pipeline_execution", stop_pipeline_execution)
    return executions


def _checked_create(
    original: Callable[..., Any],
    self: SageMakerModelBackend,
    *,
    pipeline_definition: str,
    pipeline_definition_s3_location: Any,
    **kwargs: Any,
) -> Any:
    text = definitions.text(self, pipeline_definition, pipeline_definition_s3_location)
    if text is not None:
        definitions.parsed(text)
    return original(self, pipeline_definition=text, pipeline_definition_s3_location=None, **kwargs)


def _checked_update(
    original: Callable[..., str], self: SageMakerModelBackend, pipeline_name: str, **kwargs: Any
) -> str:
    text = definitions.text(self, kwargs.pop("pipeline_definition"), kwargs.pop("pipeline_definition_s3_location"))
    if text is not None:
        definitions.parsed(text)
    name = _name(pipeline_name)
    arn = original(self, name, pipeline_definition=text, pipeline_definition_s3_location=None, **kwargs)
    self.pipelines[name].last_modified_time = datetime.now(UTC).replace(tzinfo=None)
    return arn


def _selected(definition: dict[str, Any], selection: dict[str, Any], started: list[Execution]) -> dict[str, Any]:
    """The steps that are to run, and the execution whose outputs the others stand for.

    Developer guide, "Selective execution of pipeline steps": without an ARN the latest one; it must be over.
    """
    names = [step["StepName"] for step in selection["SelectedSteps"]]
    known = [step["Name"] for step in definitions.all_steps(definition["Steps"])]
    if unknown := sorted(set(names) - set(known)):
        raise ValidationError(f"Selected steps {', '.join(unknown)} are not in the pipeline, which has {known}.")
    arn = selection.get("SourcePipelineExecutionArn")
    source = next((each for each in reversed(started) if arn in (None, each.arn)), None)
    if source is None or source.status not in ("Succeeded", "Failed"):
        found = source.status if source else "not there"
        raise ValidationError(
            f"The source execution must have succeeded or failed, {arn or 'the latest one'} is {found}."
        )
    return {"selected": names, "source_id": source.identifier}
