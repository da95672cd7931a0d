"""Jobs of SageMaker: what one costs, and how often schedules and people start them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from automation.cost.charge import Charge, Context
from automation.cost.document import Resource
from automation.cost.schedules import runs_a_month
from automation.machine import MACHINE, trains
from contracts.prices import HOURS_A_MONTH

PIPELINE: Final = "aws:sagemaker/pipeline:Pipeline"
SCHEDULE: Final = "aws:scheduler/schedule:Schedule"
MONITORING: Final = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"
_FUNCTION: Final = "aws:lambda/function:Function"
#: What a schedule starts without a function in between (EventBridge Scheduler user guide, "universal targets").
_PROCESSING_JOB: Final = "aws-sdk:sagemaker:createProcessingJob"
_TRANSFORM_JOB: Final = "aws-sdk:sagemaker:createTransformJob"
#: GB that a job writes into SageMaker's log groups, which the account has beside the stack.
_LOG_GB: Final = 0.0001


def job(
    cluster: Mapping[str, Any], runs: float, context: Context, storage: str = "processing storage"
) -> Iterator[Charge]:
    """So many runs of a job on a cluster, in the words of SageMaker's API."""
    hours = runs * cluster.get("InstanceCount", 1) * context.traffic.job_minutes / 60
    yield Charge("sagemaker", f"instance {cluster['InstanceType']}", hours)
    if gigabytes := cluster.get("VolumeSizeInGB"):  # a transform job has none of its own
        yield Charge("sagemaker", storage, gigabytes * hours / HOURS_A_MONTH)
    yield Charge("cloudwatch", "logs ingestion", runs * _LOG_GB)


def scheduled_job(schedule: Resource) -> dict[str, Any] | None:
    """The processing job that a schedule starts by itself."""
    target = schedule.inputs["target"]
    return json.loads(target["input"]) if target["arn"].endswith(_PROCESSING_JOB) else None


def scheduled_transform(schedule: Resource) -> dict[str, Any] | None:
    """The transform job that a schedule starts by itself."""
    target = schedule.inputs["target"]
    return json.loads(target["input"]) if target["arn"].endswith(_TRANSFORM_JOB) else None


def scheduled_runs(schedule: Resource, context: Context) -> float:
    """How often a schedule fires in a month. A job that looks at an endpoint runs while the endpoint does."""
    runs = runs_a_month(schedule.inputs["scheduleExpression"]) if schedule.inputs.get("state") != "DISABLED" else 0
    return runs * context.traffic.running if monitors(schedule) else runs


def monitors(schedule: Resource) -> bool:
    """Whether it starts processing jobs that look at an endpoint, which they are told the name of."""
    started = scheduled_job(schedule)
    return started is not None and "--endpoint" in started["AppSpecification"].get("ContainerArguments", ())


def monitoring_runs(monitoring: Resource, context: Context) -> float:
    """How often SageMaker's own monitor runs in a month."""
    expression = monitoring.inputs["monitoringScheduleConfig"]["scheduleConfig"]["scheduleExpression"]
    return runs_a_month(expression) * context.traffic.running


def monitor_runs(context: Context) -> float:
    """Monitoring jobs of the whole stack in a month."""
    ours = (each for each in context.document.all(SCHEDULE) if monitors(each))
    theirs = context.document.all(MONITORING)
    return sum(scheduled_runs(each, context) for each in ours) + sum(monitoring_runs(each, context) for each in theirs)


def pipeline_runs(pipeline: Resource, context: Context) -> float:
    """Runs of a pipeline, or of the machine in its place, in a month: those that its schedule asks for, and the
    unplanned ones.
    """
    starters = [
        function.inputs["name"]
        for function in context.document.all(_FUNCTION)
        if _starts(_environment(function), pipeline.inputs)
    ]
    planned = [
        scheduled_runs(schedule, context)
        for schedule in context.document.all(SCHEDULE)
        if schedule.inputs["target"]["arn"].rpartition(":")[2] in starters
    ]
    return sum(planned) + context.traffic.unplanned_trainings


def training_runs(context: Context) -> float:
    """Runs of all that trains in the stack in a month."""
    machines = [each for each in context.document.all(MACHINE) if trains(each.inputs["definition"])]
    return sum(pipeline_runs(each, context) for each in (*context.document.all(PIPELINE), *machines))


def _starts(environment: Mapping[str, str], inputs: Mapping[str, Any]) -> bool:
    """Whether a function with this environment starts the pipeline or machine with these inputs."""
    if machine := environment.get("MACHINE_ARN"):
        return machine.rpartition(":")[2] == inputs.get("name")
    return "pipelineName" in inputs and environment.get("PIPELINE_NAME") == inputs["pipelineName"]


def _environment(function: Resource) -> Mapping[str, str]:
    return (function.inputs.get("environment") or {}).get("variables") or {}
