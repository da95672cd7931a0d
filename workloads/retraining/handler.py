"""The retraining Lambda: drift alarm, schedule or new data -> decision -> StartPipelineExecution, or why not.

New data asks with {"trigger": ..., "at_least_rows": N, "max_label_shift": S}, or one of the two: it is a reason once N
accepted rows are new, or their labels have moved by more than S beyond chance (`new_data`, `labels`). That it is none
yet is told to nobody: it is said of every delivered file. Where a brake holds that passes with time, the answer is
`later`, and whoever asked for new data asks again. How far labels have moved is published as LabelShift.

Of many who ask at once one starts a run, whatever else happens between their looks (`starts`).

A run takes the data set that ingestion has published of the accepted data by RECIPE, where there is one.

Environment: PIPELINE_NAME, ACCEPTED_URI, LEDGER_URI, DATA_SETS_URI, RUNS_URI (each s3://bucket/prefix/), START_URI
(the object of the newest start), RECIPE, TOPIC_ARN, COOL_DOWN_HOURS, MAX_RUNS_PER_DAY; MACHINE_ARN where a state
machine is in the place of the pipeline; where there is a budget also MONTHLY_BUDGET_USD and USD_AN_HOUR (of each kind
of job, as JSON); where a run goes on from the champion RELEASE_PARAMETER, which names it.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3

from contracts import release
from contracts.datasets import DataSet, accepted_keys, find, version_of
from contracts.machine_runs import MachineRuns
from workloads import alarm, job
from workloads.retraining import labels
from workloads.retraining.decision import Brakes, Budget, Decision, Run, decide
from workloads.retraining.new_data import new_data
from workloads.retraining.starts import Start, Starts, TakenError

#: Display name of the runs started here; it is how they are told from runs that people start.
AUTOMATIC = "retrain"
#: How far back "trained on already" looks.
MEMORY = timedelta(days=90)
#: How often one question is looked into where others start runs meanwhile.
_LOOKS = 5


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
    asked = _Asked(
        trigger=trigger,
        rows=event.get("at_least_rows"),
        label_shift=event.get("max_label_shift"),
        now=now,
        environment=environment,
        s3=s3,
        sagemaker=sagemaker,
        sns=sns,
        ssm=ssm,
        starts=Starts(s3=s3, uri=environment["START_URI"]),
    )
    for _ in range(_LOOKS):
        with suppress(TakenError):
            return asked.answer()
    raise TakenError(f"{environment['START_URI']}: others started runs in all of {_LOOKS} looks; ask again")


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """One question with all that it takes to answer it. Where new data asks, `rows` are so many new rows as are worth a
    run, `label_shift` how far their labels may move; None where that is no reason."""

    trigger: str
    rows: int | None
    label_shift: float | None
    now: datetime
    environment: Mapping[str, str]
    s3: Any
    sagemaker: Any
    sns: Any
    ssm: Any
    starts: Starts

    def answer(self) -> dict[str, str]:
        """Look, decide, and start or say why not. Raises TakenError where somebody started meanwhile."""
        newest = self.starts.newest()  # first: what is looked at after it holds as long as this is the newest
        accepted = accepted_keys(self.s3, self.environment["ACCEPTED_URI"])
        version = version_of(accepted)
        if newest and not newest.execution and newest.fresh(self.now):
            newest = self._finish(newest)
            if newest.dataset_version == version:
                return {"action": "started", "reason": self.trigger, "execution": newest.execution}
        runs = self._runs(newest)
        data_set = self._data_set(version)
        decision = self._decide(accepted, runs, unfit=data_set.why if data_set else "")
        if decision.start:
            start = Start(began=self.now, request=self._request(decision.reason, str(version), data_set))
            done = self._finish(self.starts.write(start, after=newest))
            return {"action": "started", "reason": decision.reason, "execution": done.execution}
        if self._of_new_data:
            return {"action": "later" if decision.passes else "held", "reason": decision.reason}
        self._notify("no retraining", f"Asked by: {self.trigger}\nHeld: {decision.reason}")
        return {"action": "held", "reason": decision.reason}

    def _finish(self, start: Start) -> Start:
        """Make the start that is written down, and write what it started. Who writes that tells people."""
        execution = self.sagemaker.start_pipeline_execution(**start.request)["PipelineExecutionArn"]
        try:
            done = self.starts.write(replace(start, execution=execution), after=start)
        except TakenError:
            newest = self.starts.newest()
            if newest is None or newest.request != start.request:
                raise
            return newest  # somebody else found it half way and made it too: it is one run
        why, data = start.request["PipelineExecutionDescription"], start.dataset_version
        self._notify("retraining started", f"Asked by: {why}\nData: {data}\n{execution}")
        return done

    def _decide(self, accepted: Sequence[str], runs: Sequence[Run], *, unfit: str) -> Decision:
        return decide(
            trigger=self.trigger,
            dataset_version=version_of(accepted),
            runs=runs,
            now=self.now,
            brakes=Brakes(
                cool_down_hours=float(self.environment["COOL_DOWN_HOURS"]),
                max_runs_per_day=int(self.environment["MAX_RUNS_PER_DAY"]),
            ),
            new_data=partial(self._judge, accepted, runs) if self._of_new_data else None,
            budget=_budget(self.sagemaker, self.environment),
            unfit=unfit,
        )

    @property
    def _of_new_data(self) -> bool:
        return self.rows is not None or self.label_shift is not None

    def _judge(self, accepted: Sequence[str], runs: Sequence[Run]) -> Decision:
        """Whether what is new is worth a run: by its rows, or by their labels."""
        ledger, runs_uri = self.environment["LEDGER_URI"], self.environment["RUNS_URI"]
        new = new_data(self.s3, accepted, runs, ledger=ledger, runs_uri=runs_uri)
        held: list[str] = []
        if self.label_shift is not None and new.shift:
            self._publish(new.shift.score)
            found = f"{new.shift}; retraining.label_shift is {self.label_shift:g}"
            if new.shift.score > self.label_shift:
                return Decision(start=True, reason=f"label shift: {found}")
            held.append(found)
        if self.rows is not None and new.rows >= self.rows:
            return Decision(start=True, reason=self.trigger)
        if self.rows is not None:
            held.append(f"{new.rows} accepted rows are new; retrain_after_rows is {self.rows}")
        return Decision(start=False, reason="; ".join(held) or "there are no labels to compare")

    def _publish(self, score: float) -> None:
        now_ms = int(self.now.timestamp() * 1000)
        pipeline = self.environment["PIPELINE_NAME"]
        line = labels.metric(score, pipeline=pipeline, now_ms=now_ms)
        print(line, flush=True)  # noqa: T201 - CloudWatch takes embedded metrics from the log as they are

    def _data_set(self, version: str | None) -> DataSet | None:
        if version is None:
            return None
        return find(self.s3, self.environment["DATA_SETS_URI"], version, self.environment["RECIPE"], self.now)

    def _request(self, why: str, version: str, data_set: DataSet | None) -> dict[str, Any]:
        parameters = {
            "DatasetVersion": version,
            **({"InputDataUri": data_set.uri} if data_set and data_set.uri else {}),
            **_former(self.environment, ssm=self.ssm, sagemaker=self.sagemaker),
        }
        return {
            "PipelineName": self.environment["PIPELINE_NAME"],
            "PipelineExecutionDisplayName": f"{AUTOMATIC}-{self.now:%Y%m%d-%H%M%S}",
            "PipelineExecutionDescription": why[:500],
            "PipelineParameters": [{"Name": name, "Value": value} for name, value in parameters.items()],
            "ClientRequestToken": uuid.uuid4().hex,
        }

    def _runs(self, newest: Start | None) -> list[Run]:
        """Those that SageMaker lists, and the newest start as long as its list may not have it yet."""
        runs = _runs(self.sagemaker, self.environment["PIPELINE_NAME"], since=self.now - MEMORY)
        if newest and newest.fresh(self.now) and newest.execution and newest.execution not in {run.arn for run in runs}:
            runs.append(
                Run(
                    started=newest.began,
                    status="Executing",
                    dataset_version=newest.dataset_version,
                    automatic=True,
                    arn=newest.execution,
                )
            )
        return runs

    def _notify(self, what: str, message: str) -> None:
        subject = f"{self.environment['PIPELINE_NAME']}: {what}"
        self.sns.publish(TopicArn=self.environment["TOPIC_ARN"], Subject=subject[:100], Message=message)


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


def _budget(sagemaker: Any, environment: Mapping[str, str]) -> Budget | None:
    if not (usd := environment.get("MONTHLY_BUDGET_USD")):
        return None
    return Budget(usd=float(usd), cost=partial(_cost, sagemaker, json.loads(environment["USD_AN_HOUR"])))


def _cost(sagemaker: Any, usd_an_hour: Mapping[str, float], runs: Iterable[Run]) -> float:
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
