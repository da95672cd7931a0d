"""Machine-learning governance: every endpoint is monitored, and its monitors end."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from ..finding import Finding, Findings, independently
from ..levels import EVERYWHERE, FROM_STAGING, IN_PROD
from ..reading import Prop, as_number
from ..remediation import Draft
from ..resource import Resource
from ..schema import number
from .theme import GOVERNANCE as THEME

_DEFINITION = "sagemaker/dataQualityJobDefinition"
_MONITORING = "sagemaker/monitoringSchedule"
_MONITORING_JOB = "monitoringScheduleConfig.monitoringJobDefinition"
_SCHEDULE = "scheduler/schedule"
# The universal target that starts a processing job (EventBridge Scheduler User Guide, "Using universal targets").
_START_JOB = ":aws-sdk:sagemaker:createProcessingJob"


@THEME.policy(
    on="sagemaker/endpoint",
    reads=(_DEFINITION, _MONITORING, _SCHEDULE),
    mandatory=IN_PROD,
    severity=Severity.HIGH,
    remedy="Declare a scheduler.Schedule that starts a processing job with the endpoint's name as an argument; an "
    "account that had Model Monitor before 30 July 2026 may run a job definition by a MonitoringSchedule instead.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor.html",
)
def endpoint_has_monitoring_schedule(endpoint: Resource) -> Findings:
    """Every endpoint is monitored on a schedule.

    Either a recurring schedule of EventBridge Scheduler starts a processing job for it, named among the arguments or
    environment variables of the job's container, or a monitoring schedule of SageMaker runs a job definition of it.
    """
    found = [list(independently(way(endpoint))) for way in (_by_scheduler, _by_sagemaker)]
    if all(found):
        problems = ", and ".join(finding.problem for findings in found for finding in findings)
        yield from _undecided(found) or [endpoint.violation(problems)]


def _undecided(found: list[list[Finding]]) -> list[Finding]:
    """What is waited for by those of several that nothing known speaks against."""
    return [each for findings in found if all(one.undecided for one in findings) for each in findings]


def _by_scheduler(endpoint: Resource) -> Findings:
    """What keeps EventBridge Scheduler from monitoring an endpoint; nothing when a schedule does."""
    found = [list(independently(_starts_job_for(endpoint, schedule))) for schedule in endpoint.others(_SCHEDULE)]
    if all(found):
        yield from _undecided(found) or [endpoint.violation("no schedule starts a processing job for it")]


def _starts_job_for(endpoint: Resource, schedule: Resource) -> Findings:
    """What keeps a schedule from monitoring an endpoint."""
    job = schedule.prop("target.arn").judged(lambda arn: str(arn).endswith(_START_JOB), "the start of a job")
    recurs = schedule.prop("scheduleExpression").judged(lambda when: not str(when).startswith("at("), "recurring")
    runs = schedule.prop("state").must_be("ENABLED", when_missing="ENABLED")
    yield from (*job, *recurs, *runs)
    if not job and endpoint.prop("name").value not in [word.value for word in _words(schedule)]:
        yield schedule.violation("its job is not the endpoint's")


def _words(schedule: Resource) -> Iterator[Prop]:
    """Every argument and environment variable of the container that a schedule starts."""
    request = Prop(schedule, "target.input", schedule.prop("target.input").parsed())
    yield from request.props("AppSpecification.ContainerArguments[]")
    yield from (entry for _, entry in request.prop("Environment").entries())


def _by_sagemaker(endpoint: Resource) -> Findings:
    """What keeps Model Monitor from monitoring an endpoint."""
    if endpoint.attached(f"{_MONITORING_JOB}.monitoringInputs.endpointInput.endpointName", _MONITORING):
        return
    definitions = endpoint.attached("dataQualityJobInput.endpointInput.endpointName", _DEFINITION)
    path = "monitoringScheduleConfig.monitoringJobDefinitionName"
    if not any(definition.attached(path, _MONITORING) for definition in definitions):
        lacking = "no monitoringSchedule runs its job definition"
        yield endpoint.violation(lacking if definitions else "it has no monitoring job definition")


@THEME.policy(
    on=_DEFINITION,
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    remedy="Set data_quality_baseline_config to the statistics and constraints of the training data.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-create-baseline.html",
)
def monitoring_has_baseline(monitor: Resource) -> Findings:
    """A monitor compares with the data that the model was trained on."""
    baseline = monitor.prop("dataQualityBaselineConfig")
    for part in ("constraintsResource", "statisticsResource"):
        yield from baseline.prop(f"{part}.s3Uri").must_be_set("an S3 URI")


@THEME.policy(
    on=_DEFINITION,
    mandatory=EVERYWHERE,
    severity=Severity.LOW,
    remedy="Set stopping_condition.max_runtime_in_seconds to less than the schedule's interval.",
    url="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_MonitoringStoppingCondition.html",
    settings={"maximumSeconds": number("Longest run; an hourly schedule takes less than 3,600.", 3600, minimum=60)},
)
def monitoring_runtime_bounded(monitor: Resource) -> Findings:
    """A monitoring job ends before the next one starts."""
    runtime = monitor.prop("stoppingCondition.maxRuntimeInSeconds")
    yield from runtime.judged(
        lambda seconds: as_number(seconds) <= monitor.config["maximumSeconds"],
        f"at most {int(monitor.config['maximumSeconds'])} seconds",
    )


@monitoring_runtime_bounded.remediation
def _(draft: Draft) -> None:
    draft.set("stoppingCondition.maxRuntimeInSeconds", draft.config["maximumSeconds"])
