"""What moto's interpreter of state machines lacks: jobs as tasks, and the text of objects.

Of SageMaker it has no optimised integration, Glue's has runs that nobody runs, and the body of an object is a stream
where Step Functions gives its text (developer guide, "Using AWS SDK service integrations"). That an execution was
stopped is told to EventBridge, as Step Functions does (developer guide, "Automating Step Functions event delivery with
EventBridge"). Takes half a second to load: `machines.py` loads it when the first state machine is made.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from botocore.response import StreamingBody
from moto.stepfunctions.models import StepFunctionBackend
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.utils import boto_client

from local.emulator.context import Context
from local.emulator.delivery import events, glue_jobs
from local.emulator.extension import replace, wrap
from local.emulator.sagemaker import single_jobs
from shapes.models import operation_model

_Described = tuple[dict[str, Any], bool]


class _Job(StateTaskServiceCallback):
    """A task that starts a job and waits for its end; `run` gives what is told of the job, and whether it failed."""

    context: Context
    service: str
    actions: tuple[str, ...]

    def __init__(self) -> None:
        # moto ends every wait at the callback that only those who take a task token have
        patterns: Any = {ResourceCondition.Sync, ResourceCondition.WaitForTaskToken}
        super().__init__(supported_integration_patterns=patterns)

    def run(self, account: str, region: str, request: dict[str, Any]) -> _Described:
        raise NotImplementedError

    def _get_supported_parameters(self) -> set[str] | None:
        call = self.resource.api_action
        if call not in self.actions or self.resource.condition != ResourceCondition.Sync:
            return None  # the definition is refused
        request: Any = operation_model(self.service, call[0].upper() + call[1:]).input_shape
        return set(request.members)

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> None:
        env.callback_pool_manager.add(env.states.context_object.update_task_token())  # a former try has used up its own
        env.stack.append(normalised_parameters)

    def _build_sync_resolver(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> Callable[[], Any]:
        env.stack.pop()
        of = (self.context.account, resource_runtime_part.region, normalised_parameters)
        ended: list[_Described] = []
        job = threading.Thread(target=lambda: ended.append(self.run(*of)), name="job", daemon=True)
        job.start()

        def result() -> dict[str, Any] | None:
            job.join(timeout=0.05)
            return None if job.is_alive() else self._result(env, normalised_parameters, ended)

        return result

    def _result(self, env: Any, request: dict[str, Any], ended: list[_Described]) -> dict[str, Any]:
        told, failed = ended[0] if ended else ({"FailureReason": "the emulator could not run the job"}, True)
        described = {**request, **told}
        if not failed:
            return described
        kind = StatesErrorNameType.StatesTaskFailed
        details: Any = {
            "resource": self._get_sfn_resource(),
            "resourceType": self._get_sfn_resource_type(),
            "error": kind.to_name(),
            "cause": json.dumps(described, separators=(",", ":")),
        }
        event: Any = {"taskFailedEventDetails": details}
        raise FailureEventException(
            FailureEvent(
                env=env,
                error_name=StatesErrorName(typ=kind),
                event_type=HistoryEventType.TaskFailed,
                event_details=event,
            )
        )


class _SageMaker(_Job):
    """`arn:aws:states:::sagemaker:createProcessingJob.sync`, and `createTrainingJob.sync`."""

    service, actions = "sagemaker", tuple(f"create{kind}Job" for kind in single_jobs.KINDS)

    def run(self, account: str, region: str, request: dict[str, Any]) -> _Described:
        kind = self.resource.api_action.removeprefix("create").removesuffix("Job")
        end = single_jobs.run(self.context, account, region, kind, request)
        return {f"{kind}JobStatus": end.status, **end.described}, end.status != "Completed"


class _Glue(_Job):
    """`arn:aws:states:::glue:startJobRun.sync`."""

    service, actions = "glue", ("startJobRun",)

    def run(self, account: str, region: str, request: dict[str, Any]) -> _Described:
        state, reason = glue_jobs.run(self.context, account, region, request)
        return {"JobRunState": state, "ErrorMessage": reason}, state != "SUCCEEDED"


_SERVICES = {each.service: each for each in (_SageMaker, _Glue)}


def _service_for(original: Callable[..., Any], service_name: str) -> Any:
    return _SERVICES[service_name]() if service_name in _SERVICES else original(service_name=service_name)


def _with_text(
    original: Callable[..., None], self: StateTaskServiceAwsSdk, env: Any, *given: Any, **named: Any
) -> None:
    original(self, env, *given, **named)
    answer = env.stack[-1]
    if isinstance(answer, dict):
        for key, value in answer.items():
            if isinstance(value, StreamingBody):
                answer[key] = value.read().decode()


def _stopped(original: Callable[..., Any], self: Any, execution_arn: str) -> Any:
    execution = original(self, execution_arn)
    events.emit(
        _Job.context,
        execution.account_id,
        execution.region_name,
        source="aws.states",
        detail_type="Step Functions Execution Status Change",
        resources=[execution_arn],
        detail={
            "executionArn": execution_arn,
            "stateMachineArn": execution.state_machine.arn,
            "name": execution.name,
            "status": "ABORTED",
            "input": json.dumps(execution.input_data),
        },
    )
    return execution


def install(context: Context) -> None:
    """Extend the interpreter, whose tasks call this emulator."""
    _Job.context = context
    replace(boto_client, "moto_server_port", lambda: urlsplit(context.url).port)
    wrap(state_task_factory, "state_task_service_for", _service_for)
    wrap(StepFunctionBackend, "stop_execution", _stopped)
    wrap(StateTaskServiceAwsSdk, "_eval_service_task", _with_text)
