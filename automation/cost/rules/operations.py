"""What watching and answering costs: alarms, dashboards, logs, functions, topics, queues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from automation import machine
from automation.cost.charge import Charge, Context, Rule
from automation.cost.document import Resource
from automation.cost.rules import jobs
from automation.cost.rules.network import FLOW_LOG_GB
from automation.cost.schedules import runs_a_month
from automation.cost.traffic import DAYS_A_MONTH

_FLOW_LOG: Final = "aws:ec2/flowLog:FlowLog"
_ENDPOINT: Final = "aws:sagemaker/endpoint:Endpoint"
_ENDPOINT_LOGS: Final = "/aws/sagemaker/Endpoints/"
_DASHBOARD: Final = "aws:cloudwatch/dashboard:Dashboard"
_FREE_DASHBOARDS: Final = 3
#: Alarms that a target-tracking policy makes (Application Auto Scaling user guide, "How target tracking works").
_ALARMS_OF_POLICY: Final = 2
_HIGH_RESOLUTION_SECONDS: Final = 60
#: Workers of a Spark run on what one machine could do too: the driver and one more (Glue developer guide, "Auto
#: scaling").
_FEWEST_WORKERS: Final = 2
#: A run of a crawler: its workers, by the example of the Glue pricing page, and the hours that are charged at least.
_CRAWLING_UNITS: Final = 2
_CRAWLING_HOURS: Final = 10 / 60
#: GB of logs a month: of a function, and of an endpoint, which says what fails and what it starts with.
_SERVICE_LOG_GB: Final = 0.1
_FUNCTION_LOG_GB: Final = 0.01
#: What is left of logs when they are kept compressed (CloudWatch pricing, "archived logs").
_LOGS_COMPRESSED: Final = 0.15
#: Reads and writes of objects in the lake a month, of each workload: about what its captured traffic takes.
_DATA_EVENTS: Final = 200_000
#: Delivered objects a month and workload, of which each runs every job of its state machine once.
_EXECUTIONS: Final = 30
#: Messages of a topic and of a queue a month.
_MESSAGES: Final = 1_000
#: Mails a month to each person.
_MAILS: Final = 100


def _alarm(resource: Resource, _: Context) -> Iterator[Charge]:
    """Priced by the metrics that it reads; below a minute they cost more."""
    metrics = [query["metric"] for query in resource.list("metricQueries") if query.get("metric")]
    periods = [metric["period"] for metric in metrics] or [resource.inputs.get("period") or _HIGH_RESOLUTION_SECONDS]
    fast = min(periods) < _HIGH_RESOLUTION_SECONDS
    yield Charge("cloudwatch", "alarm, high resolution" if fast else "alarm, standard", len(periods))


def _scaling_policy(resource: Resource, _: Context) -> Iterator[Charge]:
    if resource.inputs["policyType"] == "TargetTrackingScaling":
        tracked = resource.inputs.get("targetTrackingScalingPolicyConfiguration") or {}
        metric = str((tracked.get("predefinedMetricSpecification") or {}).get("predefinedMetricType"))
        fast = metric.endswith("HighResolution")
        yield Charge("cloudwatch", "alarm, high resolution" if fast else "alarm, standard", _ALARMS_OF_POLICY)


def _dashboard(resource: Resource, context: Context) -> Iterator[Charge]:
    """An account's first three are free; the stack is taken to have the account for itself."""
    first = [each.name for each in context.document.all(_DASHBOARD)][:_FREE_DASHBOARDS]
    if resource.name not in first:
        yield Charge("cloudwatch", "dashboard above three", 1)


def _log_group(resource: Resource, context: Context) -> Iterator[Charge]:
    """What comes in, and what is kept of it."""
    name = str(resource.inputs["name"])
    flows = any(str(each.inputs.get("logDestination")).endswith(name) for each in context.document.all(_FLOW_LOG))
    gb = FLOW_LOG_GB if flows else _FUNCTION_LOG_GB if name.startswith("/aws/lambda/") else _SERVICE_LOG_GB
    if name.startswith(_ENDPOINT_LOGS):
        serves = context.document.all(_ENDPOINT, name=name.removeprefix(_ENDPOINT_LOGS))
        gb *= context.traffic.running if serves else 0
    months = min(context.traffic.months, (resource.inputs.get("retentionInDays") or float("inf")) / DAYS_A_MONTH)
    yield Charge("cloudwatch", "logs ingestion", gb, traffic=True)
    yield Charge("cloudwatch", "logs storage", gb * months * _LOGS_COMPRESSED, traffic=True)


def _topic(_: Resource, __: Context) -> Iterator[Charge]:
    yield Charge("sns", "requests", _MESSAGES / 1_000_000, traffic=True)


def _subscription(resource: Resource, _: Context) -> Iterator[Charge]:
    """Functions and queues are told for nothing."""
    if resource.inputs["protocol"] in ("email", "email-json"):
        yield Charge("sns", "email notifications", _MAILS / 100_000, traffic=True)


def _state_machine(resource: Resource, context: Context) -> Iterator[Charge]:
    """Its executions, each through all its states, and the jobs that they start, at the price on demand.

    One that trains runs as a pipeline would; the others run for each delivered object.
    """
    definition = resource.inputs["definition"]
    of_objects = not machine.trains(definition)
    runs = _EXECUTIONS if of_objects else jobs.pipeline_runs(resource, context)
    transitions = runs * len(machine.states(definition)) / 1_000
    yield Charge("states", "standard transitions", transitions, traffic=of_objects)
    for job in machine.jobs(definition):
        storage = "endpoint and training storage" if job.kind == "Training" else "processing storage"
        for charge in jobs.job(job.cluster, runs, context, storage):
            yield charge._replace(traffic=True) if of_objects else charge
    yield Charge("xray", "traces recorded", runs / 1_000_000, traffic=of_objects)


def _glue_job(resource: Resource, context: Context) -> Iterator[Charge]:
    """A run of each delivered object. G.nX has n DPUs (Glue developer guide, "Worker types")."""
    units = int(resource.inputs["workerType"].removeprefix("G.").removesuffix("X"))
    hours = _EXECUTIONS * _FEWEST_WORKERS * units * context.traffic.job_minutes / 60
    yield Charge("glue", f"DPU, {resource.inputs['executionClass'].lower()}", hours, traffic=True)


def _crawler(resource: Resource, _: Context) -> Iterator[Charge]:
    yield Charge("glue", "DPU, crawler", runs_a_month(resource.inputs["schedule"]) * _CRAWLING_UNITS * _CRAWLING_HOURS)


def _queue(_: Resource, __: Context) -> Iterator[Charge]:
    yield Charge("sqs", "requests", _MESSAGES / 1_000_000, traffic=True)


def _trail(_: Resource, context: Context) -> Iterator[Charge]:
    """Its first copy of management events is free; who reads and writes objects is not."""
    yield Charge("cloudtrail", "data events", _DATA_EVENTS * context.document.workloads / 100_000, traffic=True)


RULES: Final[Mapping[str, Rule]] = {
    "aws:appautoscaling/policy:Policy": _scaling_policy,
    "aws:cloudtrail/trail:Trail": _trail,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:glue/crawler:Crawler": _crawler,
    "aws:glue/job:Job": _glue_job,
    machine.MACHINE: _state_machine,
    "aws:sns/topic:Topic": _topic,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:sqs/queue:Queue": _queue,
    _DASHBOARD: _dashboard,
}

#: What costs nothing, or is counted with another resource.
FREE: Final = frozenset(
    {
        "aws:accessanalyzer/analyzer:Analyzer",  # of access from outside; the other kinds are priced
        "aws:appautoscaling/scheduledAction:ScheduledAction",
        "aws:appautoscaling/target:Target",
        "aws:cloudwatch/eventRule:EventRule",  # events of AWS's own services are free
        "aws:cloudwatch/eventTarget:EventTarget",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws:iam/policy:Policy",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sqs/queuePolicy:QueuePolicy",
    }
)
