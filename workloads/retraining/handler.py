"""The retraining Lambda: drift alarm, schedule or new data -> decision -> StartPipelineExecution, or why not.

New data asks with {"trigger": ..., "at_least_rows": N}: it is a reason once N accepted rows are new (`new_rows`). That
it is none yet is told to nobody: it is said of every delivered file. Where a brake holds that passes with time, the
answer is `later`, and whoever asked for new data asks again.

A run takes the data set that ingestion has published of the accepted data by RECIPE, where there is one.

Environment: PIPELINE_NAME, ACCEPTED_URI, LEDGER_URI, DATA_SETS_URI, RUNS_URI (each s3://bucket/prefix/), RECIPE,
TOPIC_ARN, COOL_DOWN_HOURS, MAX_RUNS_PER_DAY; MACHINE_ARN where a state machine is in the place of the pipeline; where
there is a budget also MONTHLY_BUDGET_USD and USD_AN_HOUR (of each kind of job, as JSON); where a run goes on from the
champion RELEASE_PARAMETER, which names it.
Reserved concurrency must be 1, so that two alarms cannot both find that nothing runs.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3

from contracts import release
from contracts.datasets import accepted_keys, find, version_of
from contracts.machine_runs import MachineRuns
from workloads import alarm, job
from workloads.retraining.decision import Brakes, Budget, NewRows, Run, decide
from workloads.retraining.new_rows import new_rows

#: Display name of the runs started here; it is how they are told from runs that people start.
AUTOMATIC = "retrain"
#: How far back "trained on already" looks.
MEMORY = timedelta(days=90)


@job.function("retraining")
def handle(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Lambda entry. Returns {"action": "started" | "later" | "held" | "ignored", "reason": ...}, and the ARN of
    what was started as `execution`.
    """
    return retrain(
        event,
        now=datetime.now(UTC),
        environment=os.environ,
        s3=boto3.client("s3"),
        sagemaker=trainer(os.environ),
        sns=boto3.client("sns"),
        ssm=boto3.client("ssm"),
    )


def trainer(environment: Mapping[str, str]) -> Any:
    """Whom to ask about runs: SageMaker, or a state machine that answers in the same words."""
    sagemaker = boto3.client("sagemaker")
    if arn := environment.get("MACHINE_ARN"):
        return MachineRuns(boto3.client("stepfunctions"), sagemaker, pipeline=environment["PIPELINE_NAME"], arn=arn)
    return sagemaker


def retrain(
    event: Mapping[str, Any],
    *,
    now: datetime,
    environment: Mapping[str, str],
    s3: Any,
    sagemaker: Any,
    sns: Any,
    ssm: Any,
) -> dict[str, str]:
    """One decision with its clients given. AWS errors propagate: Lambda retries, then the dead-letter queue."""
    trigger = _trigger(event)
    if trigger is None:
        return {"action": "ignored", "reason": "the alarm is not in state ALARM"}
    pipeline = environment["PIPELINE_NAME"]
    accepted = accepted_keys(s3, environment["ACCEPTED_URI"])
    version = version_of(accepted)
    runs = _runs(sagemaker, pipeline, since=now - MEMORY)
    needed = event.get("at_least_rows")
    data_set = find(s3, environment["DATA_SETS_URI"], version, environment["RECIPE"], now) if version else None
    ledger, runs_uri = environment["LEDGER_URI"], environment["RUNS_URI"]
    decision = decide(
        trigger=trigger,
        dataset_version=version,
        runs=runs,
        now=now,
        brakes=Brakes(
            cool_down_hours=float(environment["COOL_DOWN_HOURS"]),
            max_runs_per_day=int(environment["MAX_RUNS_PER_DAY"]),
        ),
        new_rows=NewRows(count=partial(new_rows, s3, accepted, runs, ledger=ledger, runs_uri=runs_uri), needed=needed)
        if needed
        else None,
        budget=_budget(sagemaker, environment),
        unfit=data_set.why if data_set else "",
    )
    if not decision.start and needed:
        return {"action": "later" if decision.passes else "held", "reason": decision.reason}
    if not decision.start:
        _notify(sns, environment, f"{pipeline}: no retraining", f"Asked by: {trigger}\nHeld: {decision.reason}")
        return {"action": "held", "reason": decision.reason}
    parameters = {
        "DatasetVersion": str(version),
        **({"InputDataUri": data_set.uri} if data_set and data_set.uri else {}),
        **_former(environment, ssm=ssm, sagemaker=sagemaker),
    }
    execution = sagemaker.start_pipeline_execution(
        PipelineName=pipeline,
        PipelineExecutionDisplayName=f"{AUTOMATIC}-{now:%Y%m%d-%H%M%S}",
        PipelineExecutionDescription=trigger[:500],
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
        ClientRequestToken=_token(pipeline, str(version), runs),
    )["PipelineExecutionArn"]
    _notify(sns, environment, f"{pipeline}: retraining started", f"Asked by: {trigger}\nData: {version}\n{execution}")
    return {"action": "started", "reason": decision.reason, "execution": execution}


def _former(environment: Mapping[str, str], *, ssm: Any, sagemaker: Any) -> dict[str, str]:
    """The champion to go on from; nothing where a run trains anew, as before the first release."""
    if not (parameter := environment.get("RELEASE_PARAMETER")):
        return {}
    try:
        record = release.from_json(ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        return {}
    package = sagemaker.describe_model_package(ModelPackageName=record.serving.champion)
    return {"FormerModelUri": package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]}


def _token(pipeline: str, version: str, runs: Iterable[Run]) -> str:
    """The same for two who saw the same runs before, and another after each run: a token that comes again starts
    nothing. How many there were does not tell: one is forgotten for each that comes.
    """
    newest = max(runs, key=lambda run: run.started, default=None)
    return hashlib.sha256(f"{pipeline}/{version}/{newest.arn if newest else ''}".encode()).hexdigest()


def _budget(sagemaker: Any, environment: Mapping[str, str]) -> Budget | None:
    if not (usd := environment.get("MONTHLY_BUDGET_USD")):
        return None
    return Budget(usd=float(usd), spent=partial(_spent, sagemaker, json.loads(environment["USD_AN_HOUR"])))


def _spent(sagemaker: Any, usd_an_hour: Mapping[str, float], runs: Iterable[Run]) -> float:
    """What the jobs of some runs cost by the time that they ran; a step from the cache ran no job."""
    pages = (
        page
        for run in runs
        for page in sagemaker.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=run.arn)
    )
    steps = (step for page in pages for step in page["PipelineExecutionSteps"] if "CacheHitResult" not in step)
    return sum(
        (step["EndTime"] - step["StartTime"]).total_seconds() / 3600 * usd_an_hour[kind]
        for step in steps
        for kind in usd_an_hour.keys() & step.get("Metadata", {}).keys()
        if "EndTime" in step
    )


def _trigger(event: Mapping[str, Any]) -> str | None:
    """A schedule or a delivery says {"trigger": ...}; everything else must be an alarm notification."""
    if "trigger" in event:
        return str(event["trigger"])
    seen = alarm.from_sns(event)
    return f"alarm {seen.name}: {seen.reason}" if seen.state == "ALARM" else None


def _runs(sagemaker: Any, pipeline: str, since: datetime) -> list[Run]:
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(PipelineName=pipeline, CreatedAfter=since)
    return [_run(sagemaker, summary) for page in pages for summary in page["PipelineExecutionSummaries"]]


def _run(sagemaker: Any, summary: Mapping[str, Any]) -> Run:
    parameters = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=summary["PipelineExecutionArn"])[
        "PipelineParameters"
    ]
    return Run(
        started=summary["StartTime"],
        status=summary["PipelineExecutionStatus"],
        dataset_version=next((p["Value"] for p in parameters if p["Name"] == "DatasetVersion"), ""),
        arn=summary["PipelineExecutionArn"],
        automatic=summary.get("PipelineExecutionDisplayName", "").startswith(f"{AUTOMATIC}-"),
    )


def _notify(sns: Any, environment: Mapping[str, str], subject: str, message: str) -> None:
    sns.publish(TopicArn=environment["TOPIC_ARN"], Subject=subject[:100], Message=message)
