"""Reliability: endpoints stay up, scale, and are watched."""

from __future__ import annotations

from collections.abc import Iterable

from pulumi_policy import Severity

from ..finding import Findings
from ..levels import FROM_STAGING, IN_PROD
from ..remediation import Draft
from ..resource import Resource
from ..rule import Controls
from ..schema import number, strings
from .alarms import watched
from .endpoints import CONFIGURATION, unable
from .theme import RELIABILITY as THEME

_TARGET = "appautoscaling/target"
_ALARM = "cloudwatch/metricAlarm"


@THEME.policy(
    on="sagemaker/endpointConfiguration",
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    controls=Controls(fsbp="SageMaker.4", prowler="sagemaker_endpoint_config_prod_variant_instances"),
    remedy="Set initial_instance_count to 2 or more; SageMaker spreads them over zones.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/best-practices-endpoints.html",
    settings={"minimum": number("Fewest instances of a production variant.", 2, minimum=1)},
)
def endpoint_min_instances(config: Resource) -> Findings:
    """Every production variant runs on two instances, in two zones; serverless ones are exempt."""
    for variant in config.props("productionVariants[]"):
        count = variant.prop("initialInstanceCount")
        found = count.must_be_at_least(config.config["minimum"], "instances", when_missing=1)
        yield from variant.prop("serverlessConfig").when_unset(found)


@THEME.policy(
    on="sagemaker/endpoint",
    reads=(CONFIGURATION, _TARGET, "appautoscaling/policy"),
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    remedy="Register the variant as a scalable target on DesiredInstanceCount, with a policy.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html",
    settings={"minimumCapacity": number("Fewest instances that scaling may leave.", 2, minimum=0)},
)
def endpoint_autoscaling(endpoint: Resource) -> Findings:
    """Endpoints grow and shrink with their load, and never below what availability needs.

    Asynchronous ones may go to zero: their requests wait.
    """
    found = list(_scaling(endpoint))
    if found and not unable(endpoint, "has_instances"):
        yield from found


def _scaling(endpoint: Resource) -> Findings:
    targets = endpoint.attached("resourceId", _TARGET)
    if not targets:
        yield endpoint.violation("no variant of it is a scalable target")
    for target in targets:
        yield from target.prop("scalableDimension").must_be("sagemaker:variant:DesiredInstanceCount")
        few = list(target.prop("minCapacity").must_be_at_least(endpoint.config["minimumCapacity"], "instances"))
        if few and unable(endpoint, "scales_to_zero"):
            yield from few
        if not target.attached("resourceId", "appautoscaling/policy"):
            yield target.violation("no scaling policy is attached")


@THEME.policy(
    on=("sagemaker/endpoint", "sqs/queue", "lambda/function"),
    reads=(_ALARM, "cloudwatch/eventTarget"),
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    remedy="Declare a MetricAlarm on the metric named, with the resource in its dimensions.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html",
    settings={
        "endpointMetrics": strings("Metrics of each endpoint.", ["Invocation5XXErrors", "ModelLatency"]),
        "queueMetrics": strings("Metrics of each dead-letter queue.", ["ApproximateNumberOfMessagesVisible"]),
        "functionMetrics": strings("Metrics of each function.", ["Errors"]),
    },
)
def core_alarms_present(resource: Resource) -> Findings:
    """Somebody hears when an endpoint fails or slows, a function fails, or a message ends in a dead-letter queue."""
    match resource.type.rpartition(":")[2]:
        case "Endpoint":
            yield from _watched(resource, "EndpointName", resource.config["endpointMetrics"])
        case "Function":
            yield from _watched(resource, "FunctionName", resource.config["functionMetrics"])
        case _:
            if is_dead_letter_queue(resource):
                yield from _watched(resource, "QueueName", resource.config["queueMetrics"])


def _watched(resource: Resource, dimension: str, wanted: Iterable[str]) -> Findings:
    alarms = {
        alarm.urn: alarm
        for path in (f"dimensions.{dimension}", f"metricQueries[].metric.dimensions.{dimension}")
        for alarm in resource.attached(path, _ALARM)
    }
    for metric in wanted:
        yield from watched(alarms.values(), metric, resource.violation(f"no alarm watches its {metric}"))


def is_dead_letter_queue(queue: Resource) -> bool:
    """Whether a queue takes what others could not handle: it is named so, or a queue, function or rule sends there."""
    if "dlq" in queue.name.lower() or "dead" in queue.name.lower():
        return True
    return any(
        queue.attached(path, short)
        for path, short in (
            ("redrivePolicy", "sqs/queue"),
            ("deadLetterConfig.targetArn", "lambda/function"),
            ("deadLetterConfig.arn", "cloudwatch/eventTarget"),
        )
    )


@THEME.policy(
    on=_ALARM,
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_319", guard="CLOUDWATCH_ALARM_ACTION_CHECK"),
    remedy="Set alarm_actions to a topic or function, and leave actions_enabled on.",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html",
)
def alarm_has_action(alarm: Resource) -> Findings:
    """Every alarm does something when it goes off."""
    yield from alarm.prop("alarmActions").must_be_set("a list of actions")
    yield from alarm.prop("actionsEnabled").must_be(True, when_missing=True)


@THEME.policy(
    on=_ALARM,
    mandatory=IN_PROD,
    severity=Severity.LOW,
    remedy="Set treat_missing_data: notBreaching for errors, breaching for a heartbeat.",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html",
)
def alarm_missing_data_explicit(alarm: Resource) -> Findings:
    """Every alarm says what silence means."""
    yield from alarm.prop("treatMissingData").must_be("notBreaching", "breaching", "ignore", "missing")


@alarm_missing_data_explicit.remediation
def _(draft: Draft) -> None:
    draft.set("treatMissingData", "missing")
