"""Training by Step Functions: the state machine in the place of the pipeline, its role, and what is watched of it.

The machine is made of the same compiled definition (`workloads.pipeline.machine`), and starts the same jobs with the
same roles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access, jobs, state_machine
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.models.permissions import record_experiments, recorded
from components.watch import HOUR, Event, Series, Watch, Widget
from contracts.names import WorkloadNames

ROLE: Final = "training-machine"
#: Steps whose jobs the machine starts, by kind: they are called `<workload>-<stack>-<step>-<chance>`. No endpoint is
#: called so, for no endpoint's name has a capital.
STEPS: Final = {"Processing": ("Prepare", "Baseline", "Evaluate"), "Training": ("Train",)}


def statements(
    names: WorkloadNames, job_roles: Sequence[str], *, models_key: pulumi.Input[str], experiments: bool = True
) -> list[Statement]:
    """What the machine may do: run its jobs with these roles, read the gate's answer, register; logs and traces; with
    `experiments` keep a record there."""
    group = [
        names.arn("sagemaker", f"model-package-group/{names.package_group}"),
        names.arn("sagemaker", f"model-package/{names.package_group}/*"),
    ]
    ends = [names.arn("events", f"rule/StepFunctionsGetEventsForSageMaker{kind}JobsRule") for kind in STEPS]
    return [
        access.allow(
            "RunJobs",
            ["sagemaker:AddTags", *(f"sagemaker:{verb}{kind}Job" for kind in STEPS for verb in _VERBS)],
            [
                names.arn("sagemaker", f"{kind.lower()}-job/{names.pipeline}-{step}-*")
                for kind, steps in STEPS.items()
                for step in steps
            ],
        ),
        access.pass_role("HandRolesToJobs", job_roles, jobs.SAGEMAKER),
        access.grant_key("EncryptVolumes", [models_key]),
        # How Step Functions is told that a job has ended (developer guide, "Policies for SageMaker AI").
        access.allow("LearnOfEnds", ["events:DescribeRule", "events:PutRule", "events:PutTargets"], ends),
        access.allow("RegisterModels", ["sagemaker:CreateModelPackage"], group),
        *access.read_objects("ReadRuns", names, names.artifacts_bucket, [names.layout.runs]),
        access.use_key("EncryptArtifacts", [models_key], write=True),
        *([record_experiments(recorded(names, f"{names.pipeline}-*"))] if experiments else []),
        *state_machine.telemetry(),
    ]


_VERBS: Final = ("Create", "Describe", "Stop")


def watch(names: WorkloadNames) -> Watch:
    """Failed training runs, and the runs as a graph."""
    namespace, dimensions = "AWS/States", {"StateMachineArn": names.training_machine_arn}
    return Watch(
        events=(
            Event(
                name=names.resource("training-failed"),
                description="A training run failed or was stopped",
                pattern={
                    "source": ["aws.states"],
                    "detail-type": ["Step Functions Execution Status Change"],
                    "detail": {
                        "stateMachineArn": [names.training_machine_arn],
                        "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                    },
                },
            ),
        ),
        widgets=(
            Widget(
                title="Training runs",
                series=[
                    Series(namespace=namespace, metric=f"Executions{end}", dimensions=dimensions, statistic="Sum")
                    for end in ("Started", "Succeeded", "Failed")
                ],
                period_seconds=HOUR,
            ),
        ),
    )


def machine(
    name: str,
    *,
    ground: Ground,
    names: WorkloadNames,
    job_roles: Sequence[str],
    experiments: bool,
    definition: pulumi.Input[str],
    parent: pulumi.Resource,
    depends_on: list[pulumi.Resource],
) -> aws.sfn.StateMachine:
    """The machine with its role."""
    role = access.Role(
        f"{name}-machine-role",
        access.RoleArgs(
            names=names,
            job=ROLE,
            service="states.amazonaws.com",
            description="The training state machine: starts its jobs and registers models",
            statements=statements(names, job_roles, models_key=ground.keys[Domain.MODELS].arn, experiments=experiments),
            permissions_boundary=ground.ingestion_boundary,
        ),
        pulumi.ResourceOptions(parent=parent),
    )
    return state_machine.state_machine(
        name,
        names.training_machine,
        ground=ground,
        role_arn=role.arn,
        definition=definition,
        parent=parent,
        depends_on=depends_on,
    )
