"""Machine-learning governance: endpoints are captured, and rolled out with a way back."""

from __future__ import annotations

from pulumi_policy import Severity

from ..finding import Findings
from ..levels import FROM_STAGING
from ..resource import Resource
from ..schema import number
from .alarms import watched
from .endpoints import CONFIGURATION, MODEL, captured_by_sagemaker, unable
from .theme import GOVERNANCE as THEME

_ALARM_NAMES = "deploymentConfig.autoRollbackConfiguration.alarms[].alarmName"
_GUARDRAILS_URL = "https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html"


@THEME.policy(
    on="sagemaker/endpointConfiguration",
    reads=MODEL,
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    remedy="Set data_capture_config with enable_capture, both capture modes, a sampling share and a destination.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html",
    settings={"minimumPercentage": number("Smallest share of requests captured.", 100, minimum=1, maximum=100)},
)
def endpoint_data_capture(config: Resource) -> Findings:
    """Endpoints capture what they were asked and what they answered.

    Monitoring, drift and every later question about a prediction need it. SageMaker captures neither serverless
    variants nor those of several models: their containers do it (CAPTURE_URI).
    """
    found = list(_capture(config))
    if found and captured_by_sagemaker(config):
        yield from found


def _capture(config: Resource) -> Findings:
    capture = config.prop("dataCaptureConfig")
    yield from capture.prop("enableCapture").must_be(True)
    yield from capture.prop("initialSamplingPercentage").must_be_at_least(config.config["minimumPercentage"], "%")
    yield from capture.prop("destinationS3Uri").must_be_set("an S3 URI")
    modes = capture.props("captureOptions[].captureMode")
    known = [mode.raw for mode in modes]
    if "InputAndOutput" in known or ("Input" in known and "Output" in known):
        return
    if any(mode.unknown for mode in modes):
        yield config.undecided("dataCaptureConfig.captureOptions")
    else:
        yield config.violation("dataCaptureConfig.captureOptions does not capture both Input and Output")


@THEME.policy(
    on="sagemaker/endpoint",
    reads=CONFIGURATION,
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    remedy="Set deployment_config with a canary, linear or rolling rollout and auto_rollback_configuration.alarms.",
    url=_GUARDRAILS_URL,
)
def endpoint_deployment_guardrails(endpoint: Resource) -> Findings:
    """A new model gets its traffic step by step, and loses it by itself when an alarm goes off.

    Serverless endpoints have no deployment guardrails (SageMaker Developer Guide, "Deployment guardrails"). What an
    emergency move has left, read by a refresh, stays until the next release.
    """
    found = list(_guardrails(endpoint))
    if found and not unable(endpoint, "rollouts") and not _moved_in_emergency(endpoint):
        yield from found


def _moved_in_emergency(endpoint: Resource) -> bool:
    """Whether its deployment configuration is that of a move away from a failing model, and not the program's.

    The program leaves it as it is (`ignoreChanges`), and it shifts all traffic at once without a moment in which an
    alarm could act.
    """
    routing = endpoint.prop("deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration")
    return (
        "deploymentConfig" in endpoint.ignored
        and routing.prop("type").raw == "ALL_AT_ONCE"
        and routing.prop("waitIntervalInSeconds").raw == 0
    )


def _guardrails(endpoint: Resource) -> Findings:
    deployment = endpoint.prop("deploymentConfig")
    if deployment.prop("rollingUpdatePolicy").missing:
        routing = deployment.prop("blueGreenUpdatePolicy.trafficRoutingConfiguration.type")
        yield from routing.must_be("CANARY", "LINEAR")
    else:
        size = deployment.prop("rollingUpdatePolicy.maximumBatchSize.value")
        yield from size.must_be_set("a number of instances or a percentage")
    yield from deployment.prop("autoRollbackConfiguration.alarms").must_be_set("a list of alarms")


@THEME.policy(
    on="sagemaker/endpoint",
    reads="cloudwatch/metricAlarm",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    remedy="Name alarms of this stack, one on Invocation5XXErrors and one on ModelLatency.",
    url=_GUARDRAILS_URL,
)
def endpoint_rollback_alarms_exist(endpoint: Resource) -> Findings:
    """The alarms that roll a model back exist, and watch its errors and its latency.

    SageMaker takes the name of an alarm that does not exist, and then never rolls back.
    """
    names = endpoint.props(_ALARM_NAMES)
    if not names:
        return  # endpoint-deployment-guardrails says so
    if _moved_in_emergency(endpoint):
        return
    alarms = endpoint.targets(_ALARM_NAMES, "cloudwatch/metricAlarm")
    known = [identity for alarm in alarms for identity in alarm.identities()]
    for name in names:
        if name.raw not in known and not any(alarm.prop("name").unknown for alarm in alarms):
            yield from name.judged(lambda _: False, "the name of an alarm of the stack")
    for metric in ("Invocation5XXErrors", "ModelLatency"):
        violation = endpoint.violation(f"none of its rollback alarms watches {metric}")
        yield from watched(alarms, metric, violation)
