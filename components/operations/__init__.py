"""Operations: what watches a workload, what answers to it, and who is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi

from components import schedule
from components.data import ingestion, machine, pulling, spark
from components.data.ingestion import Ingestion, IngestionArgs
from components.models import training
from components.models.training import Training
from components.operations import dead_letters, drift, function, monitoring, quality, retraining, rollback, tracking
from components.operations.dead_letters import DeadLetters, DeadLettersArgs
from components.operations.monitoring import Monitoring, MonitoringArgs, Watched
from components.operations.retraining import Retraining, RetrainingArgs
from components.reach import Calls
from components.serving.kind import Served
from components.serving.kinds import drawn
from components.serving.plan import challenged
from components.watch import Channel, Watch
from components.workload import Workload
from contracts import datasets, feature_store, schema
from contracts.images import TRAINING
from contracts.kinds import KINDS
from contracts.names import EndpointNames
from settings import Fargate, Fleet, InferenceComponent, Lambda
from settings import Workload as WorkloadSettings

#: What the code of this wing calls (`components.reach`), whatever the config says.
CALLS: Final = (rollback.CALLS, drift.CALLS)
#: What is made in this wing (`components.service`).
SERVICES: Final = (
    *dead_letters.SERVICES,
    *function.SERVICES,
    *monitoring.SERVICES,
    *quality.SERVICES,
    *schedule.SERVICES,
)


def calls(workloads: Sequence[WorkloadSettings]) -> Calls:
    """What the code of this wing calls, as far as it follows from what trains and who is told of it."""
    servers = [workload.training.tracking_server or "" for workload in workloads]
    return {**retraining.calls(workload.by_machine for workload in workloads), **tracking.calls(servers)}


@dataclass(frozen=True, kw_only=True)
class Operations:
    """What the rest of the workload has to know of its operations."""

    dead_letters: DeadLetters
    rollback_alarms: Mapping[str, Sequence[pulumi.Output[str]]]
    """By endpoint, names of the alarms that turn its rollouts back."""


def build(workload: Workload, pipeline: Training) -> Operations:
    """The functions that answer to alarms, the alarms themselves, and the dashboard: before there is an endpoint."""
    ground, names, letters = workload.ground, workload.names, _dead_letters(workload)
    asks: dict[Channel, pulumi.Input[str]] = {}
    tuned, by_machine = workload.settings.tuning is not None, workload.settings.by_machine
    mine = training.watch(names, tuned=tuned, by_machine=by_machine) + dead_letters.watch(names)
    if pipeline.runs is not None:
        answer = Retraining(
            workload.named("retraining"),
            RetrainingArgs(
                ground=ground,
                names=names,
                settings=workload.settings.retraining,
                by_machine=by_machine,
                instances=workload.settings.training,
                champion=_gone_on_from(workload),
                recipe=_recipe(workload),
                dead_letters_arn=letters.arn,
            ),
            workload.opts(),
        )
        asks = {Channel.RETRAINING: answer.topic_arn}
        mine += function.watch(names, retraining.ROLE) + ingestion.watch(names)
        mine += retraining.watch(names, label_shift=workload.settings.retraining.label_shift)
        _ingestion(workload, letters, pipeline.runs)
        mine += _sources(workload, letters)
        mine += _tracking(workload, letters)
    parts = {names.workload: Watched(watch=mine, topics={}, tags={})}
    for endpoint in workload.settings.endpoints:
        parts[endpoint] = _endpoint(workload, endpoint, letters, asks)
    monitoring = Monitoring(
        workload.named("monitoring"),
        MonitoringArgs(ground=ground, names=names, parts=parts, dead_letters_arn=letters.arn),
        workload.opts(),
    )
    return Operations(
        dead_letters=letters,
        rollback_alarms={
            endpoint: monitoring.guards(endpoint, settings.rollback_alarms)
            if isinstance(settings, Fleet | InferenceComponent | Fargate | Lambda)
            else ()
            for endpoint, settings in workload.settings.endpoints.items()
        },
    )


def monitor(
    workload: Workload,
    endpoint: str,
    live: Served,
    operations: Operations,
    lookup: pulumi.InvokeOptions,
) -> None:
    """The jobs that look at what a living endpoint is asked and answers; a stopped one is asked nothing."""
    if live.live is None:
        return
    names = workload.names.of_endpoint(endpoint)
    champion = workload.packages[workload.records[endpoint].wanted.champion]
    compared_with = drift.reference(names, champion)
    if compared_with and TRAINING in workload.images:
        drift.Drift(
            workload.named(f"{endpoint}-drift"),
            drift.DriftArgs(
                ground=workload.ground,
                names=names,
                settings=workload.settings.monitoring,
                compared_with=compared_with,
                image_uri=workload.images[TRAINING],
                dead_letters_arn=operations.dead_letters.arn,
                tags=workload.tags(endpoint),
            ),
            workload.opts(endpoint),
        )
    if workload.settings.monitoring.engine == "sagemaker":
        _data_quality(workload, endpoint, live.live, champion, lookup)


def _ingestion(workload: Workload, letters: DeadLetters, runs: pulumi.Resource) -> None:
    """`runs`, what trains, comes with the contract that data is judged by."""
    names, contract = workload.names, workload.contract
    sha = schema.contract_sha(schema.to_json(contract))
    Ingestion(
        workload.named(ingestion.ROLE),
        IngestionArgs(
            ground=workload.ground,
            names=names,
            settings=workload.settings.ingestion,
            image_uri=workload.images[TRAINING],
            contract_uri=f"s3://{names.artifacts_bucket}/{names.layout.contract(sha)}",
            recipe=_recipe(workload),
            feature_group=feature_store.group_name(names.prefix, contract)
            if workload.settings.features.ingest
            else None,
            joined=workload.settings.joined,
            asks=machine.Asks(rows=contract.retrain_after_rows, label_shift=workload.settings.retraining.label_shift),
            salt_secret=names.salt_secret if ingestion.is_salted(contract) else None,
            dead_letters_arn=letters.arn,
            dead_letters_url=letters.url,
            tags=workload.tags(),
        ),
        pulumi.ResourceOptions.merge(workload.opts(), pulumi.ResourceOptions(depends_on=[runs])),
    )


def _sources(workload: Workload, letters: DeadLetters) -> Watch:
    """The jobs that pull what the workload names, and what is to be watched of them."""
    for source, settings in workload.settings.sources.items():
        pulling.Pull(
            workload.named(f"pull-{source}"),
            pulling.PullArgs(
                ground=workload.ground,
                names=workload.names,
                source=source,
                settings=settings,
                image_uri=workload.images[TRAINING],
                dead_letters_arn=letters.arn,
                tags=workload.tags(),
            ),
            workload.opts(),
        )
    return pulling.watch(workload.names) if workload.settings.sources else Watch()


def _tracking(workload: Workload, letters: DeadLetters) -> Watch:
    """What tells MLflow of training runs, where the workload names a server, and what is to be watched of it."""
    server = workload.settings.training.tracking_server
    if server is None:
        return Watch()
    tracking.Tracking(
        workload.named(tracking.ROLE),
        tracking.TrackingArgs(
            ground=workload.ground, names=workload.names, server=server, dead_letters_arn=letters.arn
        ),
        workload.opts(),
    )
    return function.watch(workload.names, tracking.ROLE)


def _gone_on_from(workload: Workload) -> EndpointNames | None:
    """The endpoint whose model automatic runs go on from. RunError where the function that starts them cannot ask."""
    if workload.contract.incremental is None:
        return None
    if workload.settings.by_machine:
        raise pulumi.RunError(
            f"workloads.{workload.names.workload}.orchestrator: found step-functions, while the contract has "
            "`incremental`: the boundary of the function that starts machines leaves no room to ask for the champion; "
            "allowed: sagemaker-pipelines; choose it, or leave `incremental` out"
        )
    return workload.names.of_endpoint(workload.settings.champion_endpoint)


def _recipe(workload: Workload) -> str:
    """What the workload's data sets are made by: code of the image, or that which Glue is given."""
    sha = schema.contract_sha(schema.to_json(workload.contract))
    code = spark.code_of(workload.settings.ingestion) or workload.images[TRAINING]
    group = feature_store.group_name(workload.names.prefix, workload.contract) if workload.settings.joined else ""
    return datasets.recipe(sha, code, group)


def _dead_letters(workload: Workload) -> DeadLetters:
    return DeadLetters(
        workload.named("dead-letters"),
        DeadLettersArgs(ground=workload.ground, names=workload.names),
        workload.opts(),
    )


def _endpoint(
    workload: Workload, endpoint: str, letters: DeadLetters, asks: Mapping[Channel, pulumi.Input[str]]
) -> Watched:
    """The rollback function of an endpoint that answers, and what is to be watched of it."""
    names, settings = workload.names.of_endpoint(endpoint), workload.settings.endpoints[endpoint]
    answers, watch = dict(asks), Watch()
    if KINDS[settings.kind].hosted:
        answer = rollback.rollback(
            workload.named(f"{endpoint}-{rollback.ROLE}"),
            ground=workload.ground,
            names=names,
            host=KINDS[settings.kind].host,
            stopped=settings.state == "stopped",
            scaled=endpoint in challenged(workload.settings, workload.records),
            dead_letters_arn=letters.arn,
            opts=workload.opts(endpoint),
        )
        answers[Channel.ROLLBACK] = answer.topic_arn
        watch = function.watch(names, rollback.ROLE)
    record = workload.records.get(endpoint)
    max_score = workload.settings.monitoring.drift_score or workload.contract.drift.max_score
    watch += drawn(settings).watch(
        names, settings, list(record.wanted.packages) if record else [], record.wanted.shadows if record else ()
    ) + (drift.watch(names, max_score=max_score) if record else Watch())
    return Watched(watch=watch, topics=answers, tags=workload.own_tags(endpoint))


def _data_quality(
    workload: Workload,
    endpoint: str,
    live: pulumi.Resource,
    champion: Mapping[str, Any],
    lookup: pulumi.InvokeOptions,
) -> None:
    baseline = quality.baseline(champion)
    if baseline is None:
        return
    quality.DataQuality(
        workload.named(f"{endpoint}-quality"),
        quality.DataQualityArgs(
            ground=workload.ground,
            names=workload.names.of_endpoint(endpoint),
            settings=workload.settings.monitoring,
            baseline=baseline,
            endpoint=live,
            image_uri=quality.analyzer_image(workload.names.region, lookup),
        ),
        workload.opts(endpoint),
    )
