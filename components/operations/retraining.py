"""Retraining without a person: a drift alarm or a schedule starts the pipeline, unless one of the brakes holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi

from components import access
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.models import training
from components.models.permissions import sees_champion
from components.operations.responder import Responder, ResponderArgs
from components.reach import Calls
from components.schedule import ScheduleArgs, Started, schedule
from components.watch import HOUR, Alarm, Series, Watch, Widget
from contracts.names import MODEL_QUALITY_NAMESPACE, EndpointNames, WorkloadNames
from contracts.prices import PriceError
from settings import Retraining as RetrainingSettings
from settings import Training as TrainingSettings

ROLE: Final = "retraining"
#: Each ask reads the verdict of every object that the newest model has not learned from: thousands, where many small
#: files come.
TIMEOUT_SECONDS: Final = 300
MEMORY_MB: Final = 1024
#: What of `contracts` the function's code imports, beside the release record.
_CONTRACTS: Final = ("__init__", "datasets", "layout", "machine_runs", "objects")
#: EventBridge Scheduler user guide, "Schedule types": minutes hours day month weekday year.
SCHEDULES: Final[Mapping[str, str]] = {"daily": "cron(0 3 * * ? *)", "weekly": "cron(0 3 ? * MON *)"}


def calls(by_machine: Iterable[bool]) -> Calls:
    """AWS services that the function's code calls (`components.reach`): what it starts, the live champion, people."""
    trainers = {"states" if each else "sagemaker.api" for each in by_machine}
    return {ROLE: frozenset({"sns", "ssm", *trainers})}


def _run(names: WorkloadNames, *, by_machine: bool) -> list[Statement]:
    """See what ran, and start the one pipeline or machine."""
    if by_machine:
        executions = names.arn("states", f"execution:{names.training_machine}:*")
        return [
            access.allow(
                "RunMachine", ["states:ListExecutions", "states:StartExecution"], [names.training_machine_arn]
            ),
            access.allow("SeeRuns", ["states:DescribeExecution", "states:GetExecutionHistory"], [executions]),
        ]
    pipeline = names.arn("sagemaker", f"pipeline/{names.pipeline}")
    return [
        access.allow(
            "RunPipeline",
            [
                "sagemaker:ListPipelineExecutionSteps",
                "sagemaker:ListPipelineExecutions",
                "sagemaker:ListPipelineParametersForExecution",
                "sagemaker:StartPipelineExecution",
            ],
            [pipeline, f"{pipeline}/execution/*"],
        )
    ]


def statements(
    names: WorkloadNames,
    *,
    by_machine: bool = False,
    champion: EndpointNames | None = None,
    processed_key: pulumi.Input[str],
    models_key: pulumi.Input[str],
) -> list[Statement]:
    """What the function may do: see what is accepted, what ran and what it learned from, and start the one pipeline
    after it has written that down.

    Where runs go on from the `champion` it sees which model that endpoint serves.
    """
    layout = names.layout
    return [
        access.allow(
            "SeeAcceptedData",
            ["s3:ListBucket"],
            [names.bucket_arn(names.processed_bucket)],
            conditions={"StringLike": {"s3:prefix": [f"{layout.accepted}*"]}},
        ),
        *access.read_objects(
            "ReadVerdicts", names, names.processed_bucket, [layout.ledger, f"{layout.data_sets}index/"]
        ),
        *access.read_objects(
            "ReadManifests",
            names,
            names.artifacts_bucket,
            [f"{layout.runs}*/Prepare/manifest/", layout.training_start],
        ),
        access.allow("WriteStart", ["s3:PutObject"], [names.bucket_arn(names.artifacts_bucket, layout.training_start)]),
        access.use_key("DecryptData", [processed_key], write=False),
        access.use_key("EncryptStart", [models_key], write=True),
        *_run(names, by_machine=by_machine),
        *(sees_champion(champion) if champion else []),
    ]


def watch(names: WorkloadNames, *, label_shift: float | None) -> Watch:
    """People are told of labels that have moved, whatever a brake says; who asks for training is ingestion."""
    if label_shift is None:
        return Watch()
    pipeline = {"Pipeline": names.pipeline}
    return Watch(
        alarms=(
            Alarm(
                name=names.resource("label-shift"),
                description=f"LabelShift above {label_shift:g}: labels of new rows are unlike those learned from",
                namespace=MODEL_QUALITY_NAMESPACE,
                metric="LabelShift",
                dimensions=pipeline,
                statistic="Maximum",
                threshold=label_shift,
                period_seconds=HOUR,
            ),
        ),
        widgets=(
            Widget(
                title=f"{names.pipeline}: labels of new rows",
                series=[
                    Series(
                        namespace=MODEL_QUALITY_NAMESPACE, metric="LabelShift", dimensions=pipeline, statistic="Maximum"
                    )
                ],
                period_seconds=HOUR,
            ),
        ),
    )


def _budget(settings: RetrainingSettings, region: str, instances: TrainingSettings) -> dict[str, str]:
    """What the function is told of a budget. Raises RunError in a region without prices."""
    if settings.monthly_budget_usd is None:
        return {}
    try:
        prices = training.usd_an_hour(region, instances)
    except PriceError as error:
        raise pulumi.RunError(f"retraining.monthly_budget_usd: {error}, or leave the budget out") from error
    return {"MONTHLY_BUDGET_USD": str(settings.monthly_budget_usd), "USD_AN_HOUR": json.dumps(prices)}


@dataclass(frozen=True, kw_only=True)
class RetrainingArgs:
    """`settings` are the brakes and the schedule; `by_machine` says that Step Functions trains; `recipe` is
    what data sets are made by (`contracts.datasets`); `instances` are those that train. Runs go on from what the
    endpoint `champion` serves, or train anew without one.
    """

    ground: Ground
    names: WorkloadNames
    settings: RetrainingSettings
    recipe: str
    dead_letters_arn: pulumi.Input[str]
    by_machine: bool = False
    instances: TrainingSettings = field(default_factory=TrainingSettings)
    champion: EndpointNames | None = None


class Retraining(pulumi.ComponentResource):
    """The retraining function, its topic and its schedule.

    retraining = Retraining("churn-retraining", RetrainingArgs(ground=ground, names=names, settings=..., ...))
    retraining.topic_arn        # for the drift alarm
    """

    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: RetrainingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:operations:Retraining", name, None, opts)
        names, child = args.names, pulumi.ResourceOptions(parent=self)
        responder = Responder(
            name,
            ResponderArgs(
                ground=args.ground,
                names=names,
                role=ROLE,
                timeout_seconds=TIMEOUT_SECONDS,
                memory_mb=MEMORY_MB,
                description="Starts the training pipeline unless a brake holds",
                code=[
                    *(f"contracts/{module}.py" for module in _CONTRACTS),
                    "contracts/release/*.py",
                ],
                environment={
                    "PIPELINE_NAME": names.pipeline,
                    **({"MACHINE_ARN": names.training_machine_arn} if args.by_machine else {}),
                    "ACCEPTED_URI": names.accepted_uri,
                    "LEDGER_URI": f"s3://{names.processed_bucket}/{names.layout.ledger}",
                    "DATA_SETS_URI": f"s3://{names.processed_bucket}/{names.layout.data_sets}",
                    "RECIPE": args.recipe,
                    "RUNS_URI": f"s3://{names.artifacts_bucket}/{names.layout.runs}",
                    "COOL_DOWN_HOURS": str(args.settings.cool_down_hours),
                    "MAX_RUNS_PER_DAY": str(args.settings.max_runs_per_day),
                    "START_URI": f"s3://{names.artifacts_bucket}/{names.layout.training_start}",
                    **_budget(args.settings, names.region, args.instances),
                    **({"RELEASE_PARAMETER": args.champion.release_parameter} if args.champion else {}),
                },
                statements=statements(
                    names,
                    by_machine=args.by_machine,
                    champion=args.champion,
                    processed_key=args.ground.keys[Domain.PROCESSED].arn,
                    models_key=args.ground.keys[Domain.MODELS].arn,
                ),
                dead_letters_arn=args.dead_letters_arn,
                boundary=args.ground.ingestion_boundary if args.by_machine else None,
            ),
            child,
        )
        self.topic_arn = responder.topic_arn
        if (every := args.settings.schedule) != "never":
            asked = Started(
                target_arn=responder.function.arn,
                input=json.dumps({"trigger": f"{every} schedule"}),
                statements=[
                    access.allow(
                        "AskForRetraining",
                        ["lambda:InvokeFunction"],
                        [names.arn("lambda", f"function:{names.resource(ROLE)}")],
                    )
                ],
            )
            schedule(
                name,
                ScheduleArgs(
                    ground=args.ground,
                    names=names,
                    schedule=ROLE,
                    role="schedule",
                    description="Regular retraining, whatever the alarms say",
                    expression=SCHEDULES[every],
                    started=asked,
                    dead_letters_arn=args.dead_letters_arn,
                ),
                child,
            )
        self.register_outputs({"topicArn": self.topic_arn})
