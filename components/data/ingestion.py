"""Event-driven ingestion: whoever puts an object into the raw bucket has it judged, with nobody's help.

A rule of EventBridge takes the events of the workload's prefix to a state machine of Step Functions (`machine.py` is
what it does), which starts processing jobs for each object. What cannot be started or done lies with the dead letters.

A job and not a function judges, and makes the data set: it takes files of any size, and costs a cent at the instance
that it needs for some minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import access, jobs, state_machine
from components.access import Statement
from components.data import ingestion_jobs, machine, spark
from components.data.ingestion_jobs import PREPARATION, VALIDATION, JobBase
from components.ground import Ground
from components.ground.keys import Domain
from components.reach import Calls
from components.service import Service
from components.watch import Alarm, Series, Watch, Widget
from contracts.names import DEAD_LETTERS, WorkloadNames
from contracts.schema import Contract, Pii
from settings import Features as FeatureSettings
from settings import Ingestion as IngestionSettings

#: What the machine is called.
ROLE: Final = "ingestion"
EVENTS: Final = "events.amazonaws.com"
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "states",
        types="sfn/stateMachine",
        reads="DescribeStateMachine ListStateMachineVersions ListTagsForResource",
        changes="CreateStateMachine DeleteStateMachine TagResource UntagResource UpdateStateMachine",
        # The provider asks whether a definition is valid before it sends it.
        changes_anywhere="ValidateStateMachineDefinition",
        named="stateMachine:{every}",
        handed_to="events states",
    ),
)


def is_salted(contract: Contract) -> bool:
    """Whether a column is hashed, with a salt that the jobs read."""
    return any(column.pii is Pii.HASH for column in contract.columns)


def calls(workloads: Iterable[tuple[Contract, FeatureSettings, IngestionSettings]]) -> Calls:
    """AWS services that the jobs' code calls beside S3 (`components.reach`)."""
    found = list(workloads)
    salted = {VALIDATION: frozenset({"secretsmanager"})} if any(is_salted(each) for each, _, _ in found) else {}
    writing = {PREPARATION: frozenset({"sagemaker.featurestore-runtime"})} if any(f.ingest for _, f, _ in found) else {}
    return {**salted, **writing, **(spark.CALLS if any(i.glue for _, _, i in found) else {})}


def machine_statements(
    names: WorkloadNames,
    *,
    processed_key: pulumi.Input[str],
    models_key: pulumi.Input[str],
    messages_key: pulumi.Input[str],
    on_spark: bool = False,
) -> list[Statement]:
    """What the machine may do: run the jobs, with `on_spark` one of them on Glue, read verdicts, ask for training, tell
    people, bury; logs and traces."""
    queue = names.arn("sqs", names.resource(DEAD_LETTERS))
    return [
        access.allow(
            "RunJobs",
            [
                "sagemaker:AddTags",
                "sagemaker:CreateProcessingJob",
                "sagemaker:DescribeProcessingJob",
                "sagemaker:StopProcessingJob",
            ],
            [names.arn("sagemaker", f"processing-job/{names.resource(job)}-*") for job in (VALIDATION, PREPARATION)],
        ),
        *([ingestion_jobs.glue_statement(names)] if on_spark else []),
        access.pass_role("HandRolesToJobs", [names.role_arn(job) for job in (VALIDATION, PREPARATION)], jobs.SAGEMAKER),
        access.grant_key("EncryptVolumes", [models_key]),
        # How Step Functions is told that a job has ended (developer guide, "Policies for SageMaker AI").
        access.allow(
            "LearnOfEnds",
            ["events:DescribeRule", "events:PutRule", "events:PutTargets"],
            [names.arn("events", "rule/StepFunctionsGetEventsForSageMakerProcessingJobsRule")],
        ),
        *access.read_objects("ReadNotes", names, names.processed_bucket, [names.layout.ledger]),
        access.use_key("DecryptNotes", [processed_key], write=False),
        access.allow(
            "AskForTraining",
            ["lambda:InvokeFunction"],
            [names.arn("lambda", f"function:{names.resource('retraining')}")],
        ),
        access.allow("TellPeople", ["sns:Publish"], [names.arn("sns", names.ground.resource("alerts"))]),
        access.allow("Bury", ["sqs:SendMessage"], [queue]),
        access.use_key("EncryptMessages", [messages_key], write=True),
        *state_machine.telemetry(),
    ]


def machine_arn(names: WorkloadNames) -> str:
    """ARN of the workload's machine."""
    return names.arn("states", f"stateMachine:{names.resource(ROLE)}")


def watch(names: WorkloadNames) -> Watch:
    """An execution that failed is an object that nobody has judged."""
    namespace, dimensions = "AWS/States", {"StateMachineArn": machine_arn(names)}
    return Watch(
        alarms=(
            Alarm(
                name=names.resource("ingestion-failed"),
                description=f"{names.resource(ROLE)}: a delivered object was not judged; it lies with the dead "
                "letters, and `python -m automation resend` sends it again once the cause is mended",
                namespace=namespace,
                metric="ExecutionsFailed",
                dimensions=dimensions,
                statistic="Sum",
                threshold=0,
            ),
        ),
        widgets=(
            Widget(
                title="Ingestion",
                series=[
                    Series(namespace=namespace, metric=metric, dimensions=dimensions, statistic="Sum")
                    for metric in ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed")
                ],
            ),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class IngestionArgs:
    """`contract_uri` is the address of the contract, `image_uri` the training image by digest.

    Data sets are made by `recipe` (`contracts.datasets`), but for those that are `joined` with the offline store, which
    training makes. `feature_group` is the name of the group that rows are written to, None where they are not.
    `salt_secret` names the secret that hashed columns are salted with, None where the contract hashes none. `tags` go
    onto every job, which the provider's default tags do not reach.
    """

    ground: Ground
    names: WorkloadNames
    settings: IngestionSettings
    image_uri: str
    contract_uri: str
    recipe: str
    feature_group: str | None
    asks: machine.Asks
    salt_secret: str | None
    dead_letters_arn: pulumi.Input[str]
    dead_letters_url: pulumi.Input[str]
    tags: Mapping[str, str]
    joined: bool = False


class Ingestion(pulumi.ComponentResource):
    """The rules, the machine and the roles of all of them and of the jobs.

    Ingestion("churn-ingestion", IngestionArgs(ground=ground, names=names, settings=settings, ...))
    """

    machine: aws.sfn.StateMachine

    def __init__(self, name: str, args: IngestionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:data:Ingestion", name, None, opts)
        self._name, self._args = name, args
        self.machine = self._machine()
        self._rule()
        self._killed_rule()
        self.register_outputs({"machine": self.machine.name})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _validation_role(self) -> access.Role:
        ground, names = self._args.ground, self._args.names
        return self._role(
            "job-role",
            VALIDATION,
            jobs.SAGEMAKER,
            "The jobs that judge delivered objects",
            [
                *ingestion_jobs.validation_statements(
                    names,
                    raw_key=ground.keys[Domain.RAW].arn,
                    processed_key=ground.keys[Domain.PROCESSED].arn,
                    models_key=ground.keys[Domain.MODELS].arn,
                ),
                *([ingestion_jobs.salt_statement(names, self._args.salt_secret)] if self._args.salt_secret else []),
            ],
        )

    def _preparation_role(self) -> access.Role:
        ground, names = self._args.ground, self._args.names
        return self._role(
            "preparation-role",
            PREPARATION,
            jobs.SAGEMAKER,
            "The jobs that make data sets and write features",
            ingestion_jobs.preparation_statements(
                names,
                feature_group=self._args.feature_group,
                processed_key=ground.keys[Domain.PROCESSED].arn,
                models_key=ground.keys[Domain.MODELS].arn,
            ),
        )

    def _role(self, part: str, role: str, service: str, description: str, statements: list[Statement]) -> access.Role:
        return access.Role(
            f"{self._name}-{part}",
            access.RoleArgs(
                names=self._args.names,
                job=role,
                service=service,
                description=description,
                statements=statements,
                permissions_boundary=self._args.ground.ingestion_boundary,
                names_source=service != EVENTS,  # no document of EventBridge's promises it for rules
            ),
            self._child(),
        )

    def _machine(self) -> aws.sfn.StateMachine:
        args, ground, names = self._args, self._args.ground, self._args.names
        role = self._role(
            "role",
            ROLE,
            "states.amazonaws.com",
            "Has delivered objects judged",
            machine_statements(
                names,
                processed_key=ground.keys[Domain.PROCESSED].arn,
                models_key=ground.keys[Domain.MODELS].arn,
                messages_key=ground.keys[Domain.MESSAGES].arn,
                on_spark=args.settings.glue is not None,
            ),
        )
        settings = args.settings
        base = JobBase(
            site=jobs.Site.of(ground),
            image_uri=args.image_uri,
            contract_uri=args.contract_uri,
            instance_type=settings.instance_type,
            minutes=settings.max_runtime_minutes,
            tags=args.tags,
        )
        definition: dict[str, Any] = machine.definition(
            names,
            request=ingestion_jobs.validation_request(
                names, base, role_arn=self._validation_role().arn, salt_secret=args.salt_secret
            ),
            steps=ingestion_jobs.steps(
                names,
                base,
                role_arn=self._preparation_role().arn,
                recipe=args.recipe,
                feature_group=args.feature_group,
                code_version=spark.code_version() if settings.glue else None,
                joined=args.joined,
            ),
            minutes=settings.max_runtime_minutes,
            alerts_arn=ground.alerts_arn,
            queue_url=args.dead_letters_url,
            asks=args.asks,
        )
        return state_machine.state_machine(
            self._name,
            names.resource(ROLE),
            ground=ground,
            role_arn=role.arn,
            definition=pulumi.Output.json_dumps(definition, sort_keys=True),
            parent=self,
        )

    def _rule(self) -> None:
        args, names = self._args, self._args.names
        role = self._role(
            "rule-role",
            "ingestion-rule",
            EVENTS,
            "Starts ingestion for delivered objects",
            [access.allow("Start", ["states:StartExecution"], [machine_arn(names)])],
        )
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-rule",
            name=names.resource(ROLE),
            description=f"An object was delivered to {names.workload}",
            event_pattern=json.dumps(machine.pattern(names), sort_keys=True),
            opts=self._child(),
        )
        aws.cloudwatch.EventTarget(
            f"{self._name}-target",
            rule=rule.name,
            target_id=ROLE,
            arn=self.machine.arn,
            role_arn=role.arn,
            input_path="$.detail",
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_retry_attempts=185, maximum_event_age_in_seconds=86_400
            ),
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=args.dead_letters_arn),
            opts=self._child(),
        )

    def _killed_rule(self) -> None:
        """What is stopped or runs out of time lies with the dead letters, whose alarm tells people."""
        args, names = self._args, self._args.names
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-killed-rule",
            name=names.resource("ingestion-killed"),
            description=f"Ingestion of {names.workload} was stopped or ran out of time",
            event_pattern=json.dumps(machine.killed(machine_arn(names)), sort_keys=True),
            opts=self._child(),
        )
        aws.cloudwatch.EventTarget(
            f"{self._name}-killed-target",
            rule=rule.name,
            target_id=ROLE,
            arn=args.dead_letters_arn,
            input_path="$.detail",
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=args.dead_letters_arn),
            opts=self._child(),
        )
