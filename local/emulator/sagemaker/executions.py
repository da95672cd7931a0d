"""Pipeline executions that run: one worker process each, its progress kept as SageMaker reports it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.emulator.context import Context
from local.emulator.delivery import events

STEP_KINDS_IN_EVENTS = {
    "TrainingJob": "trainingJob",
    "ProcessingJob": "processingJob",
    "TuningJob": "tuningJob",
    "RegisterModel": "registerModel",
}
_STOP_SECONDS = 5.0


def described(step: dict[str, Any]) -> dict[str, Any]:
    """A step that the worker told (`local.executor.StepResult`) as ListPipelineExecutionSteps tells it."""
    reason, source = step["failure_reason"], step["cache_hit"]
    members = {
        "StepName": step["name"],
        "StepStatus": step["status"],
        "StartTime": step["started"],
        "EndTime": step["ended"],
        "FailureReason": reason[:1024] if reason else None,
        "Metadata": step["metadata"],
        "AttemptCount": step["attempts"],
        "CacheHitResult": {"SourcePipelineExecutionArn": source} if source else None,
    }
    return {key: value for key, value in members.items() if value is not None}


@dataclass(kw_only=True)
class Execution:
    """One run of a pipeline. `token` makes a repeated start answer with the first one's execution."""

    arn: str
    pipeline_arn: str
    pipeline_name: str
    account: str
    region: str
    token: str
    display_name: str | None
    description: str | None
    workdir: Path
    status: str = "Executing"
    failure_reason: str | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    steps: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    process: subprocess.Popen[str] | None = None
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def identifier(self) -> str:
        """The last part of the ARN."""
        return self.arn.rpartition("/")[2]


class Executions:
    """Starts, follows and stops executions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._running: dict[str, Execution] = {}
        self._lock = threading.Lock()

    def start(
        self, execution: Execution, definition: dict[str, Any], parameters: dict[str, str], selection: dict[str, Any]
    ) -> None:
        """Run in the background. `selection` are the runner's `selected` and `source_id`, or nothing."""
        request = {
            "definition": definition,
            "parameters": parameters,
            "endpoint_url": self._context.url,
            "workdir": str(execution.workdir),
            "name": execution.pipeline_name,
            "pipeline_arn": execution.pipeline_arn,
            "execution_id": execution.identifier,
            **selection,
        }
        with self._lock:
            self._running[execution.arn] = execution
        self._announce(execution, "")
        self._context.background.detach(self._follow, execution, request)

    def stop(self, execution: Execution) -> None:
        """Stop an execution with everything it started."""
        self._end(execution, "Stopping", None)
        _kill(execution)

    def stop_those(self, chosen: Callable[[Execution], bool]) -> list[Execution]:
        """Stop the chosen ones of those that run, without waiting for their end."""
        with self._lock:
            running = [execution for execution in self._running.values() if chosen(execution)]
        for execution in running:
            self.stop(execution)
        return running

    def stop_all(self) -> None:
        """Stop all that run and wait for their end."""
        for execution in self.stop_those(lambda _: True):
            execution.over.wait(_STOP_SECONDS)

    def _follow(self, execution: Execution, request: dict[str, Any]) -> None:
        log = self._context.directory("executions") / f"{execution.identifier}.log"
        ended = None
        try:
            with log.open("w", encoding="utf-8") as errors:
                process = self._context.children.start(
                    self._context.pipeline_command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=self._context.environment(execution.region),
                    start_new_session=True,  # so that stop reaches what the worker started
                )
            execution.process = process
            if execution.status == "Stopping":
                _kill(execution)
            ended = self._talk(execution, process, request)
        finally:
            _kill(execution)  # what a broken-off worker left behind
            status, reason = _outcome(execution, ended, log)
            for step in execution.steps.values():
                if step["status"] == "Executing":
                    step |= {"status": "Stopped" if status == "Stopped" else "Failed", "ended": datetime.now(UTC)}
            with self._lock:
                self._running.pop(execution.arn, None)
            self._end(execution, status, reason)
            execution.over.set()

    def _talk(
        self, execution: Execution, process: subprocess.Popen[str], request: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Hand over the request and take in progress; the last line's content, None when the worker broke off."""
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the worker has no pipes")
        with contextlib.suppress(BrokenPipeError):  # a worker that died at once is told by its exit code
            json.dump(request, process.stdin)
            process.stdin.close()
        ended = None
        for line in process.stdout:
            told = json.loads(line)
            if "step" in told:
                self._step(execution, told["step"])
            ended = told.get("end", ended)
        process.wait()
        return ended

    def _step(self, execution: Execution, step: dict[str, Any]) -> None:
        for key in ("started", "ended"):
            step[key] = datetime.fromisoformat(step[key]) if step[key] else None
        before = execution.steps.get(step["name"])
        execution.steps[step["name"]] = step
        execution.modified = datetime.now(UTC)
        detail = {
            "metadata": {STEP_KINDS_IN_EVENTS.get(k, k): _lowered(v) for k, v in step["metadata"].items()},
            "stepStartTime": step["started"],
            "stepEndTime": step["ended"],
            "stepName": step["name"],
            "stepType": step["type"],
            "previousStepStatus": before["status"] if before else None,
            "currentStepStatus": step["status"],
            "failureReason": step["failure_reason"],
        }
        self._emit(execution, "SageMaker Model Building Pipeline Execution Step Status Change", detail)

    def _end(self, execution: Execution, status: str, reason: str | None) -> None:
        before = execution.status
        execution.status, execution.failure_reason, execution.modified = status, reason, datetime.now(UTC)
        if before != status:
            self._announce(execution, before)

    def _announce(self, execution: Execution, before: str) -> None:
        over = execution.status not in ("Executing", "Stopping")
        detail = {
            "pipelineExecutionDisplayName": execution.display_name,
            "pipelineExecutionDescription": execution.description,
            "currentPipelineExecutionStatus": execution.status,
            "previousPipelineExecutionStatus": before or None,
            "executionStartTime": execution.started,
            "executionEndTime": execution.modified if over else None,
        }
        self._emit(execution, "SageMaker Model Building Pipeline Execution Status Change", detail)

    def _emit(self, execution: Execution, detail_type: str, detail: dict[str, Any]) -> None:
        """Emit one of the two pipeline events (SageMaker developer guide, "Events that SageMaker sends")."""
        named = {"pipelineArn": execution.pipeline_arn, "pipelineExecutionArn": execution.arn}
        events.emit(
            self._context,
            execution.account,
            execution.region,
            source="aws.sagemaker",
            detail_type=detail_type,
            resources=[execution.pipeline_arn, execution.arn],
            detail={k: v for k, v in detail.items() if v is not None} | named,
        )


def _lowered(value: Any) -> Any:
    return {k[0].lower() + k[1:]: v for k, v in value.items()} if isinstance(value, dict) else value


def _outcome(execution: Execution, ended: dict[str, Any] | None, log: Path) -> tuple[str, str | None]:
    if execution.status == "Stopping":
        return "Stopped", None
    if ended is None:
        code = execution.process.returncode if execution.process else "unknown"
        return "Failed", f"the process of the execution ended with exit code {code} before its end; see {log}"
    return ended["status"], ended["failure_reason"]


def _kill(execution: Execution) -> None:
    if execution.process is not None and execution.process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(execution.process.pid, signal.SIGKILL)
