"""What a workload wrote: its endpoints, its newest training run, its functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from automation.operations import training
from contracts.names import EndpointNames, WorkloadNames
from contracts.release.schedule import BATCH

#: SageMaker developer guide, "Log groups and streams that Amazon SageMaker AI sends to Amazon CloudWatch Logs".
_TRAINING_LOGS: Final = "/aws/sagemaker/TrainingJobs"
#: By what a step's metadata name: the group, and what follows the job's name in those of its streams. A search's trials
#: are training jobs, called by its name and their number (developer guide, "View the progress of a tuning job").
_JOB_LOGS: Final = {
    "TrainingJob": (_TRAINING_LOGS, "/"),
    "ProcessingJob": ("/aws/sagemaker/ProcessingJobs", "/"),
    "TuningJob": (_TRAINING_LOGS, "-"),
}
_BATCH_LOGS: Final = "/aws/sagemaker/TransformJobs"


class Source(StrEnum):
    """Who wrote."""

    ENDPOINT = "endpoint"
    TRAINING = "training"
    FUNCTIONS = "functions"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line: when (UTC), in which group, and what it says."""

    when: datetime
    group: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """A log group; `streams` is what the names of the streams begin with."""

    group: str
    streams: str = ""


def of_containers(names: EndpointNames) -> list[Place]:
    """Where the containers of an endpoint that runs write: all that who delivers may read."""
    return [Place(group=names.log_group), Place(group=names.component_log_group)]


def of_endpoint(names: EndpointNames) -> list[Place]:
    """Where the containers of an endpoint write: one that runs, and jobs of a batch endpoint."""
    return [*of_containers(names), Place(group=_BATCH_LOGS, streams=f"{names.prefix}-{BATCH}-")]


def of_training(names: WorkloadNames, *, sagemaker: Any) -> list[Place]:
    """Where the jobs of the newest training run or search write. RefusedError where none has run."""
    execution = training.newest_execution(names, sagemaker=sagemaker)
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=execution)
    places: list[Place] = []
    for step in (step for page in pages for step in page["PipelineExecutionSteps"]):
        for kind, (group, end) in _JOB_LOGS.items():
            if job := step.get("Metadata", {}).get(kind, {}).get("Arn"):
                places.append(Place(group=group, streams=f"{job.rpartition('/')[2]}{end}"))
    return places


def of_functions(names: WorkloadNames, *, logs: Any) -> list[Place]:
    """Where the functions of a workload write."""
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/aws/lambda/{names.prefix}-")
    return [Place(group=group["logGroupName"]) for page in pages for group in page["logGroups"]]


def read(places: Iterable[Place], *, since: datetime, most: int, logs: Any, pattern: str = "") -> Sequence[Line]:
    """The last `most` lines since a time, oldest first; a group that is not there yet has none."""
    found = [line for place in places for line in _lines(place, since, pattern, logs)]
    return sorted(found, key=lambda line: line.when)[-most:]


def _lines(place: Place, since: datetime, pattern: str, logs: Any) -> Iterator[Line]:
    request: dict[str, Any] = {"logGroupName": place.group, "startTime": int(since.timestamp() * 1000)}
    if place.streams:
        request["logStreamNamePrefix"] = place.streams
    if pattern:
        request["filterPattern"] = pattern
    try:
        for page in logs.get_paginator("filter_log_events").paginate(**request):
            for event in page["events"]:
                if not event["logStreamName"].startswith(place.streams):
                    continue  # moto answers with all streams of a group
                when = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                yield Line(when=when, group=place.group, text=event["message"].rstrip("\n"))
    except logs.exceptions.ResourceNotFoundException:
        return
