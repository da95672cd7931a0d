"""Training runs: start the pipeline by hand, and follow an execution.

`sagemaker` is a client of SageMaker, or `contracts.machine_runs.MachineRuns` where Step Functions trains.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from automation.operations import packages
from automation.operations.errors import RefusedError
from contracts import datasets
from contracts.datasets import dataset_version
from contracts.names import WorkloadNames

_ENDED = {"Succeeded", "Failed", "Stopped"}


def start(
    names: WorkloadNames,
    display_name: str,
    *,
    parameters: Mapping[str, str] | None = None,
    tune: bool = False,
    s3: Any,
    sagemaker: Any,
) -> str:
    """Start the training pipeline on all accepted data; returns the execution's ARN. The brakes are not asked.

    To `tune` is to start the one that searches hyper-parameters instead.

    Where ingestion has published the data set, the run takes that. Raises RefusedError where there is no accepted data,
    no pipeline, or no data set can be made.
    """
    version = dataset_version(s3, names.accepted_uri)
    if version is None:
        raise RefusedError(f"there is no accepted data under {names.accepted_uri}: deliver some and have it validated")
    data_set = _published(names, version, s3=s3, sagemaker=sagemaker)
    given = {"DatasetVersion": version, **({"InputDataUri": data_set} if data_set else {}), **(parameters or {})}
    with _of_pipeline(names, sagemaker, tune=tune):
        started = sagemaker.start_pipeline_execution(
            PipelineName=names.tuning_pipeline if tune else names.pipeline,
            PipelineExecutionDisplayName=display_name,
            PipelineParameters=[{"Name": name, "Value": value} for name, value in given.items()],
        )
    return started["PipelineExecutionArn"]


def start_from(names: WorkloadNames, display_name: str, step: str, *, source: str | None, sagemaker: Any) -> str:
    """Run a step and what follows from it once more, on what the steps before it left in an earlier execution.

    `source` is its ARN, without it the newest one; its parameters are taken too. SageMaker developer guide, "Selective
    execution of pipeline steps". RefusedError for a step that is not there and an execution that is not over.
    """
    with _of_pipeline(names, sagemaker):
        definition = json.loads(sagemaker.describe_pipeline(PipelineName=names.pipeline)["PipelineDefinition"])
    selected = _and_after(step, definition["Steps"])
    execution = source or _first(names, _executions(names.pipeline, 1, sagemaker))
    status = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)["PipelineExecutionStatus"]
    if status not in {"Succeeded", "Failed"}:
        raise RefusedError(f"{execution} is {status}; allowed: one that has succeeded or failed; wait, or name another")
    parameters = sagemaker.get_paginator("list_pipeline_parameters_for_execution").paginate(
        PipelineExecutionArn=execution
    )
    started = sagemaker.start_pipeline_execution(
        PipelineName=names.pipeline,
        PipelineExecutionDisplayName=display_name,
        PipelineParameters=[each for page in parameters for each in page["PipelineParameters"]],
        SelectiveExecutionConfig={
            "SourcePipelineExecutionArn": execution,
            "SelectedSteps": [{"StepName": name} for name in selected],
        },
    )
    return started["PipelineExecutionArn"]


def _and_after(step: str, steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """A step of a definition and all that need what it leaves, those in the branches of conditions too."""
    if step not in (known := [each["Name"] for each in steps]):
        raise RefusedError(f"step: found {step!r}; allowed: {', '.join(known)}")
    found = {step}
    for each in steps:
        if any(f'"Steps.{name}.' in json.dumps(each) for name in found):
            found.add(each["Name"])
    return [name for each in steps if each["Name"] in found for name in (each["Name"], *_in_branches(each))]


def _in_branches(step: Mapping[str, Any]) -> list[str]:
    arguments = step.get("Arguments", {})
    return [each["Name"] for each in (*arguments.get("IfSteps", []), *arguments.get("ElseSteps", []))]


def changes(names: WorkloadNames, *, s3: Any, sagemaker: Any) -> list[str] | None:
    """What a run would be made of that the newest package was not: image, contract, feature group, accepted data.

    The deployed pipeline says what its package would say of itself. Empty where a run would learn the same again, None
    where there is nothing to learn from yet.
    """
    would, version = deployed(names, sagemaker=sagemaker), dataset_version(s3, names.accepted_uri)
    if version is None:
        return None
    package = packages.newest(names, sagemaker=sagemaker)
    if package is None:
        return ["no model is registered yet"]
    had = package.get("CustomerMetadataProperties", {})
    now = {key: would.get(key) for key in ("training_image", "contract_sha", "feature_group")}
    now["requested_version"] = version
    return [f"{key}: {had.get(key)} before, {value} now" for key, value in now.items() if had.get(key) != value]


def _published(names: WorkloadNames, version: str, *, s3: Any, sagemaker: Any) -> str | None:
    """URI of the data set that ingestion has published for the pipeline as it is deployed."""
    would = deployed(names, sagemaker=sagemaker)
    code = would.get(datasets.CODE, would["training_image"])
    recipe = datasets.recipe(would["contract_sha"], code, would.get("feature_group", ""))
    uri = f"s3://{names.processed_bucket}/{names.layout.data_sets}"
    made = datasets.find(s3, uri, version, recipe, datetime.now(UTC))
    if made is not None and made.uri is None:
        raise RefusedError(f"{version}: {made.why}")
    return made.uri if made else None


def deployed(names: WorkloadNames, *, sagemaker: Any) -> Mapping[str, Any]:
    """What the deployed pipeline's package would say of itself, its contract and images among it."""
    with _of_pipeline(names, sagemaker):
        definition = json.loads(sagemaker.describe_pipeline(PipelineName=names.pipeline)["PipelineDefinition"])
    return _registers(definition["Steps"])


def _registers(steps: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The metadata that the pipeline's package would have; in whichever branch it is registered."""
    for step in steps:
        arguments = step.get("Arguments", {})
        if step["Type"] == "RegisterModel":
            return arguments["CustomerMetadataProperties"]
        if found := _registers([*arguments.get("IfSteps", []), *arguments.get("ElseSteps", [])]):
            return found
    return {}


@contextmanager
def _of_pipeline(names: WorkloadNames, sagemaker: Any, *, tune: bool = False) -> Generator[None]:
    """RefusedError where there is no pipeline yet."""
    try:
        yield
    except sagemaker.exceptions.ClientError as error:
        if _is_missing(error) and tune:
            raise RefusedError(
                f"pipeline {names.tuning_pipeline} is not there: set workloads.{names.workload}.tuning in the stack "
                "config, `{}` for all defaults, and run `pulumi up`, which makes it"
            ) from error
        if _is_missing(error):
            raise RefusedError(
                f"pipeline {names.pipeline} is not there: publish both images and run `pulumi up`, which makes it"
            ) from error
        raise


def executions(names: WorkloadNames, *, most: int, sagemaker: Any) -> list[dict[str, Any]]:
    """Summaries of the runs that started last, searches among them, newest first; none where there is no pipeline."""
    pipelines = (names.pipeline, names.tuning_pipeline)
    found = [each for pipeline in pipelines for each in _executions(pipeline, most, sagemaker)]
    return sorted(found, key=lambda each: each["StartTime"], reverse=True)[:most]


def _executions(pipeline: str, most: int, sagemaker: Any) -> list[dict[str, Any]]:
    try:
        return sagemaker.list_pipeline_executions(
            PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending", MaxResults=most
        )["PipelineExecutionSummaries"]
    except sagemaker.exceptions.ClientError as error:
        if _is_missing(error):
            return []
        raise


def newest_execution(names: WorkloadNames, *, sagemaker: Any) -> str:
    """ARN of the run that started last, be it a search."""
    return _first(names, executions(names, most=1, sagemaker=sagemaker))


def _first(names: WorkloadNames, found: Sequence[Mapping[str, Any]]) -> str:
    if not found:
        raise RefusedError(f"pipeline {names.pipeline} has not run yet: start it with `retrain`")
    return found[0]["PipelineExecutionArn"]


def follow(
    execution: str,
    *,
    sagemaker: Any,
    on_step: Callable[[Mapping[str, Any]], None],
    poll_seconds: float = 5.0,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Wait for an execution, telling each step once it has ended. Returns its description."""
    told = set[str]()
    while True:
        description = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
        pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
            PipelineExecutionArn=execution, SortOrder="Ascending"
        )
        for step in (step for page in pages for step in page["PipelineExecutionSteps"]):
            if step["StepStatus"] in _ENDED and step["StepName"] not in told:
                told.add(step["StepName"])
                on_step(step)
        if description["PipelineExecutionStatus"] in _ENDED:
            return description
        sleep(poll_seconds)


def _is_missing(error: Any) -> bool:
    """Whether there is no such pipeline or machine: by its code (API references), or a message of the same meaning."""
    found = error.response["Error"]
    return (
        found["Code"] in ("ResourceNotFound", "StateMachineDoesNotExist")
        or "Could not find pipeline" in found["Message"]
    )
