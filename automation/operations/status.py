"""How a stack stands: endpoints and releases, alarms that ring, the last training runs, models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from automation.operations import archiving, packages, releases, training
from automation.operations.releases import Clients
from automation.operations.verification import Verdict, compare
from contracts.names import MODEL_QUALITY_NAMESPACE, EndpointNames, WorkloadNames
from contracts.release import Release

#: How many training runs are told.
RUNS: Final = 3
#: How far back a measure of drift is looked for: the monitor runs every hour, and says nothing of too few rows.
DAYS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What the drift monitor of an endpoint measured last: its score, and when (ISO 8601)."""

    score: float
    when: str


@dataclass(frozen=True, kw_only=True)
class EndpointStatus:
    """An endpoint: how it compares with what is wanted, its instances and percent of the traffic by variant, and the
    last drift; None where none was measured in `DAYS`.
    """

    verdict: Verdict
    instances: Mapping[str, int]
    weights: Mapping[str, float]
    release: Release | None
    drift: Drift | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a training pipeline; `started` is ISO 8601."""

    workload: str
    name: str
    status: str
    started: str


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm that rings, and since when (ISO 8601)."""

    name: str
    since: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Status:
    """One stack. `quiet` counts the alarms that do not ring; `models` are versions by stage, of each workload;
    `waiting` are packages that nobody has decided on."""

    stack: str
    account: str
    region: str
    endpoints: Sequence[EndpointStatus]
    alarms: Sequence[Alarm]
    quiet: int
    runs: Sequence[Run]
    models: Mapping[str, Mapping[str, Sequence[int]]]
    waiting: Sequence[str]


def endpoint_status(names: EndpointNames, clients: Clients, *, stopped: bool = False) -> EndpointStatus:
    """One endpoint, now, without its drift. `stopped` is what the stack's config says of it."""
    record, live = releases.read(names, clients), clients.host(names).observe()
    return EndpointStatus(
        verdict=compare(names, record, live, clients, stopped=stopped),
        instances=dict(live.counts) if live else {},
        weights=dict(live.weights) if live else {},
        release=record.wanted if record else None,
    )


def drift(names: EndpointNames, cloudwatch: Any) -> Drift | None:
    """The newest score that the drift monitor published."""
    until = datetime.now(UTC)
    dimensions = [{"Name": "Endpoint", "Value": names.prefix}]
    metric = {"Namespace": MODEL_QUALITY_NAMESPACE, "MetricName": "DriftScore", "Dimensions": dimensions}
    query = {"Id": "drift", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Maximum"}}
    (found,) = cloudwatch.get_metric_data(
        MetricDataQueries=[query], StartTime=until - timedelta(days=DAYS), EndTime=until, ScanBy="TimestampDescending"
    )["MetricDataResults"]
    newest = max(zip(found["Timestamps"], found["Values"], strict=True), default=None)
    return Drift(score=newest[1], when=newest[0].isoformat(timespec="seconds")) if newest else None


def alarms(workloads: Iterable[WorkloadNames], cloudwatch: Any) -> tuple[list[Alarm], int]:
    """The alarms of the workloads that ring, newest first, and how many do not."""
    ringing: list[Alarm] = []
    quiet = 0
    for names in workloads:
        pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{names.prefix}-")
        for found in (alarm for page in pages for alarm in page["MetricAlarms"]):
            if _scales(found):
                continue
            if found["StateValue"] == "ALARM":
                since = found["StateUpdatedTimestamp"].isoformat(timespec="seconds")
                ringing.append(Alarm(name=found["AlarmName"], since=since, reason=found.get("StateReason", "")))
            else:
                quiet += 1
    return sorted(ringing, key=lambda alarm: alarm.since, reverse=True), quiet


def _scales(alarm: Mapping[str, Any]) -> bool:
    """Whether an alarm tells a scaling policy and nobody else: that it goes off is no trouble."""
    actions = alarm.get("AlarmActions", [])
    return bool(actions) and all(":autoscaling:" in action for action in actions)


def runs(names: WorkloadNames, sagemaker: Any) -> list[Run]:
    """The last runs of the training pipeline, newest first; none where there is no pipeline yet."""
    return [
        Run(
            workload=names.workload,
            name=run.get("PipelineExecutionDisplayName") or run["PipelineExecutionArn"].rpartition("/")[2],
            status=run["PipelineExecutionStatus"],
            started=run["StartTime"].isoformat(timespec="seconds"),
        )
        for run in training.executions(names, most=RUNS, sagemaker=sagemaker)
    ]


def read(
    workloads: Sequence[WorkloadNames],
    endpoints: Mapping[EndpointNames, bool],
    clients: Clients,
    client: Callable[[str], Any],
    trainer: Callable[[WorkloadNames], Any],
) -> Status:
    """All of a stack: its endpoints, each with whether the config stops it; `trainer` is asked about training runs."""
    ringing, quiet = alarms(workloads, client("cloudwatch"))
    listed = {names.workload: packages.listed(names, sagemaker=clients.sagemaker) for names in workloads}
    return Status(
        stack=workloads[0].stack,
        account=workloads[0].account,
        region=workloads[0].region,
        endpoints=[
            replace(endpoint_status(names, clients, stopped=stopped), drift=drift(names, client("cloudwatch")))
            for names, stopped in endpoints.items()
        ],
        alarms=ringing,
        quiet=quiet,
        runs=[run for names in workloads for run in runs(names, trainer(names))],
        models={workload: archiving.stages(found) for workload, found in listed.items()},
        waiting=[
            newest["ModelPackageArn"]
            for newest, *_ in filter(None, listed.values())
            if newest["ModelApprovalStatus"] == packages.PENDING
        ],
    )
