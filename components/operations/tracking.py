"""Training runs in MLflow: the function that tells a tracking server what the jobs of a run left.

A rule of EventBridge takes the two kinds of file (`workloads.tracking.record`) to the function. No job is asked for it
and none is connected for it: what trains cannot tell whether there is a tracking server. The server itself is somebody
else's, and lasts longer than any workload.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.operations.function import Function, FunctionArgs
from components.reach import Calls
from contracts.names import WorkloadNames

ROLE: Final = "tracking"
#: Four tries of a request take 46 seconds at most where nobody answers; a run of 100,000 rounds is 112 requests.
TIMEOUT_SECONDS: Final = 300
#: The files that say something of a run: the ends of `workloads.tracking.record`.
ENDS: Final = ("/output/output.tar.gz", "/Evaluate/evaluation/evaluation.json")


def calls(servers: Iterable[str]) -> Calls:
    """AWS services that the function's code calls (`components.reach`), where there is a server to be told."""
    return {ROLE: frozenset({"experiments"})} if any(servers) else {}


def statements(names: WorkloadNames, server: str, *, models_key: pulumi.Input[str]) -> list[Statement]:
    """What the function may do: read the files of runs, and make and fill runs of the one server.

    Actions: Service Authorization Reference, "Amazon SageMaker with MLflow", read 2026-11-30.
    """
    return [
        *access.read_objects("ReadRuns", names, names.artifacts_bucket, [names.layout.runs]),
        access.use_key("DecryptRuns", [models_key], write=False),
        access.allow(
            "LogRuns",
            [
                "sagemaker-mlflow:CreateExperiment",
                "sagemaker-mlflow:CreateRun",
                "sagemaker-mlflow:GetExperimentByName",
                "sagemaker-mlflow:LogBatch",
                "sagemaker-mlflow:SearchRuns",
                "sagemaker-mlflow:UpdateRun",
            ],
            [server],
        ),
    ]


def pattern(names: WorkloadNames) -> dict[str, Any]:
    """The events that call the function: one of the files has come below the workload's runs."""
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": [names.artifacts_bucket]},
            "object": {"key": [{"wildcard": f"{names.layout.runs}*{end}"} for end in ENDS]},
        },
    }


def check(names: WorkloadNames, server: str) -> None:
    """RunError for a server that the stack's network and role do not lead to."""
    here = names.arn("sagemaker", "mlflow-tracking-server/")
    if not server.startswith(here):
        raise pulumi.RunError(
            f"workloads.{names.workload}.training.tracking_server: found {server!r}; allowed: {here}<name>, a server "
            "of this account and region, where the VPC's endpoint and the role lead; name such a one"
        )


@dataclass(frozen=True, kw_only=True)
class TrackingArgs:
    """`server` is the ARN of the tracking server; a workload's runs are one experiment there."""

    ground: Ground
    names: WorkloadNames
    server: str
    dead_letters_arn: pulumi.Input[str]


class Tracking(pulumi.ComponentResource):
    """The function and the rule that calls it.

    Tracking("churn-tracking", TrackingArgs(ground=ground, names=names, server="arn:aws:sagemaker:...", ...))
    """

    def __init__(self, name: str, args: TrackingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:operations:Tracking", name, None, opts)
        names, child = args.names, pulumi.ResourceOptions(parent=self)
        check(names, args.server)
        function = Function(
            name,
            FunctionArgs(
                ground=args.ground,
                names=names,
                role=ROLE,
                description="Tells a tracking server of MLflow what training runs found",
                handler="workloads.tracking.handler.handle",
                code=[
                    *(f"workloads/{module}.py" for module in ("__init__", "job", "logs")),
                    "workloads/tracking/*.py",
                ],
                environment={"TRACKING_SERVER": args.server, "EXPERIMENT": names.pipeline},
                statements=statements(names, args.server, models_key=args.ground.keys[Domain.MODELS].arn),
                dead_letter_arn=args.dead_letters_arn,
                timeout_seconds=TIMEOUT_SECONDS,
                memory_mb=512,
                boundary=args.ground.tracking_boundary,
            ),
            child,
        )
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule",
            name=names.resource(ROLE),
            description=f"A job of a training run of {names.workload} has left what it found",
            event_pattern=json.dumps(pattern(names), sort_keys=True),
            opts=child,
        )
        permission = aws.lambda_.Permission(
            f"{name}-permission",
            action="lambda:InvokeFunction",
            function=function.name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=child,
        )
        aws.cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            target_id=ROLE,
            arn=function.arn,
            input_path="$.detail",
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_retry_attempts=185, maximum_event_age_in_seconds=86_400
            ),
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=args.dead_letters_arn),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        self.register_outputs({"function": function.name})
