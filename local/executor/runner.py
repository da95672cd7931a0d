"""One execution: the steps in the order of their needs, those that wait for nothing at the same time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.emulator.client import client
from local.emulator.parameters import bind
from local.executor import cache, conditions, jobs, processing, registry, retry, training, tuning
from local.executor.cache import Cache, Entry
from local.executor.errors import InvalidExecution, StepFailure
from local.executor.results import Done, ExecutionResult, StepResult
from local.executor.storage import Storage
from local.executor.values import Values, lookup
from workloads.pipeline import links
from workloads.pipeline.graph import needs, steps_of

TYPES = ("Processing", "Training", "Tuning", "RegisterModel", "Condition", "Fail")
#: Jobs at one time. SageMaker runs all that can run; this is one machine.
PARALLEL = 2


class Runner:
    """One execution of a pipeline, to be run once.

    `parameters` are texts, as StartPipelineExecution takes them. `on_step` is called in the thread of `run` whenever a
    step starts and ends. Job directories are `workdir/<name>/<execution id>/<step>-<attempt>`, with the job's log.txt
    and all its files; the cache of steps is `workdir/<name>/cache`. `selected` are names of steps: only they run, with
    what the others left in the execution `source_id`. `job_name` is that of a job which no pipeline starts.
    """

    def __init__(
        self,
        definition: dict[str, Any],
        parameters: Mapping[str, str],
        endpoint_url: str,
        workdir: Path,
        name: str,
        pipeline_arn: str,
        execution_id: str,
        on_step: Callable[[StepResult], None] | None = None,
        selected: Sequence[str] | None = None,
        source_id: str | None = None,
        job_name: str | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises InvalidExecution, with every fault, for what cannot be started; nothing has run then."""
        values, faults = bind(definition.get("Parameters", []), parameters)
        _require_known(definition, faults)
        self._waiting = [step for step in definition["Steps"] if selected is None or step["Name"] in selected]
        self._arn = f"{pipeline_arn}/execution/{execution_id}"
        self._values = Values(values, _execution_variables(name, pipeline_arn, self._arn, execution_id))
        region = pipeline_arn.split(":")[3]
        self._work = jobs.Work(
            execution_id=execution_id,
            pipeline_arn=pipeline_arn,
            storage=Storage(client(endpoint_url, region, "s3")),
            sagemaker=client(endpoint_url, region, "sagemaker"),
            endpoint_url=endpoint_url,
            directory=workdir / name / execution_id,
            called=job_name,
        )
        self._cache = Cache(workdir / name / "cache")
        self._on_step = on_step or (lambda _result: None)
        self._sleep = sleep
        self._results: dict[str, StepResult] = {}
        self._kept = self._work.directory / "values.json"
        self._before = self._take_over(workdir / name / source_id / "values.json") if source_id else set[str]()

    def run(self) -> ExecutionResult:
        """Run every step that can run. After a failure no step starts any more; those that run go on to their end."""
        running: dict[Future[tuple[StepResult, Done | None]], Mapping[str, Any]] = {}
        with ThreadPoolExecutor(max_workers=PARALLEL, thread_name_prefix="step") as pool:
            while True:
                for step in self._take_ready():
                    started = StepResult(
                        name=step["Name"], type=step["Type"], status="Executing", started=datetime.now(UTC)
                    )
                    self._tell(started)
                    running[pool.submit(self._run_step, step, started)] = step
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    self._end(running.pop(future), *future.result())
        self._keep()
        failed = self._failed()
        return ExecutionResult(
            status="Failed" if failed else "Succeeded",
            failure_reason=_reason(failed) if failed else None,
            steps=list(self._results.values()),
        )

    def _take_ready(self) -> list[Mapping[str, Any]]:
        """The steps that wait for nothing any more; none after a failure."""
        if self._failed():
            return []
        ended = self._before | {name for name, result in self._results.items() if result.status == "Succeeded"}
        ready = [step for step in self._waiting if needs(step) <= ended]
        self._waiting = [step for step in self._waiting if step not in ready]
        return ready

    def _end(self, step: Mapping[str, Any], result: StepResult, done: Done | None) -> None:
        """Let later steps refer to it; a condition puts the steps of one branch among those that wait."""
        if done is not None:
            self._values.properties[step["Name"]] = done.properties
            if step["Type"] == "Condition":
                self._waiting += step["Arguments"]["IfSteps" if done.properties["Outcome"] else "ElseSteps"]
        self._tell(result)

    def _keep(self) -> None:
        """What later executions that run selected steps need of this one's."""
        files = [[*key, content] for key, content in self._values.files.items()]
        self._kept.parent.mkdir(parents=True, exist_ok=True)
        self._kept.write_text(json.dumps({"properties": self._values.properties, "files": files}, default=str))

    def _take_over(self, kept: Path) -> set[str]:
        """Take over what the steps of an earlier execution left; their names."""
        found = json.loads(kept.read_text(encoding="utf-8"))
        self._values.properties |= found["properties"]
        self._values.files |= {(step, name): content for step, name, content in found["files"]}
        return set(found["properties"])

    def _failed(self) -> list[StepResult]:
        return [result for result in self._results.values() if result.status == "Failed"]

    def _tell(self, result: StepResult) -> None:
        self._results[result.name] = result
        self._on_step(result)

    def _run_step(self, step: Mapping[str, Any], started: StepResult) -> tuple[StepResult, Done | None]:
        """In a thread of its own. Changes nothing of the runner but the property files of this very step."""
        try:
            arguments = {} if step["Type"] == "Condition" else self._values.resolve(step["Arguments"])
            entry = self._cache.find(step, arguments, lambda entry: self._outputs_exist(step, entry))
            if entry is not None:
                done, attempts = Done(properties=entry.properties, metadata=_metadata(step, entry)), 0
            else:
                done, attempts = retry.attempt(step, lambda n: self._once(step, arguments, n), self._sleep)
            self._read_property_files(step, done)
        except StepFailure as failure:
            return self._failure(step, started, failure), None
        except retry.SERVICE_ERRORS as error:
            return self._failure(step, started, retry.service_failure(error)), None
        ended = datetime.now(UTC)
        if entry is None:
            self._cache.keep(step, arguments, Entry(properties=done.properties, ended=ended, execution_arn=self._arn))
        result = replace(
            started,
            status="Succeeded",
            ended=ended,
            metadata=done.metadata,
            attempts=attempts,
            cache_hit=entry.execution_arn if entry else None,
            log=done.log,
        )
        return result, done

    def _failure(self, step: Mapping[str, Any], started: StepResult, failure: StepFailure) -> StepResult:
        attempts = failure.attempts if isinstance(failure, retry.Exhausted) else 0
        log = self._directory(step, attempts) / "log.txt"
        return replace(
            started,
            status="Failed",
            ended=datetime.now(UTC),
            failure_reason=failure.reason,
            metadata={"Fail": {"ErrorMessage": failure.reason}} if step["Type"] == "Fail" else {},
            attempts=attempts,
            log=log if log.is_file() else None,
        )

    def _once(self, step: Mapping[str, Any], arguments: Mapping[str, Any], number: int) -> Done:
        match step["Type"]:
            case "Processing":
                return processing.run(self._work, step, arguments, self._directory(step, number))
            case "Training":
                return training.run(self._work, step, arguments, self._directory(step, number))
            case "Tuning":
                return tuning.run(self._work, step, arguments, self._directory(step, number))
            case "RegisterModel":
                return registry.run(self._work, step, arguments)
            case "Condition":
                outcome = all(conditions.holds(c, self._values) for c in step["Arguments"]["Conditions"])
                return Done(properties={"Outcome": outcome}, metadata={"Condition": {"Outcome": str(outcome)}})
            case _:  # Fail: TYPES has no other
                raise StepFailure(str(arguments["ErrorMessage"]))

    def _directory(self, step: Mapping[str, Any], number: int) -> Path:
        return self._work.directory / f"{step['Name']}-{number}"

    def _outputs_exist(self, step: Mapping[str, Any], entry: Entry) -> bool:
        kind = processing if step["Type"] == "Processing" else training
        return all(self._work.storage.exists(uri) for uri in kind.outputs_of(entry.properties))

    def _read_property_files(self, step: Mapping[str, Any], done: Done) -> None:
        for file in step.get("PropertyFiles", []):
            output = lookup(
                done.properties, f"ProcessingOutputConfig.Outputs['{file['OutputName']}']", file["OutputName"]
            )
            uri = f"{output['S3Output']['S3Uri'].rstrip('/')}/{file['FilePath']}"
            self._work.storage.require(uri)
            try:
                content = json.loads(self._work.storage.read(uri))
            except ValueError as error:
                raise StepFailure(f"ClientError: property file {uri} is no JSON: {error}") from error
            self._values.files[step["Name"], file["PropertyFileName"]] = content


def _require_known(definition: Mapping[str, Any], of_parameters: Sequence[str]) -> None:
    faults = list(of_parameters)
    for step in steps_of(definition["Steps"]):
        if step["Type"] not in TYPES:
            faults.append(f"{step['Name']}: step type {step['Type']!r} is not run here; there are {', '.join(TYPES)}")
        faults += [
            f"{step['Name']}: DependsOn with a Trigger is not run here: {d}"
            for d in step.get("DependsOn", [])
            if not isinstance(d, str)
        ]
        faults += cache.faults(step)
    faults += links.check(definition)
    if faults:
        raise InvalidExecution("the execution cannot be run here:\n" + "\n".join(faults))


def _execution_variables(name: str, pipeline_arn: str, arn: str, execution_id: str) -> dict[str, Callable[[], str]]:
    started = _now()
    return {
        "PipelineName": lambda: name,
        "PipelineArn": lambda: pipeline_arn,
        "PipelineExecutionArn": lambda: arn,
        "PipelineExecutionId": lambda: execution_id,
        "StartDateTime": lambda: started,
        "CurrentDateTime": _now,
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _metadata(step: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    kind = f"{step['Type']}Job"
    return {kind: {"Arn": entry.properties[f"{kind}Arn"]}}


def _reason(failed: list[StepResult]) -> str:
    """A Fail step's message is the execution's own; else SageMaker's sentence, with what failed."""
    for result in failed:
        if result.type == "Fail":
            return str(result.failure_reason)
    return "Step failure: One or multiple steps failed. " + "; ".join(f"{r.name}: {r.failure_reason}" for r in failed)
