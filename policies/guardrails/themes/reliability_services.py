"""Reliability: functions, queues, services and load balancers."""

from __future__ import annotations

from pulumi_policy import Severity

from ..finding import Finding, Findings
from ..levels import FROM_STAGING, IN_PROD
from ..remediation import Draft
from ..resource import Resource
from ..rule import Controls
from ..schema import number, strings
from .containers import containers
from .theme import RELIABILITY as THEME

BALANCERS = ("lb/loadBalancer", "alb/loadBalancer")
# The zones of these are judged by their subnets, at these paths.
_SUBNETS = {
    "ecs/service": "networkConfiguration.subnets[]",
    "lb/loadBalancer": "subnets[]",
    "alb/loadBalancer": "subnets[]",
    "sagemaker/model": "vpcConfig.subnets[]",
    "lambda/function": "vpcConfig.subnetIds[]",
}
KUBERNETES = ("1.32", "1.33", "1.34", "1.35")
RUNTIMES = (
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "nodejs22.x",
    "nodejs24.x",
    "java17",
    "java21",
    "java25",
    "provided.al2023",
)


@THEME.policy(
    on=("lambda/function", "cloudwatch/eventTarget", "scheduler/schedule"),
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_116", guard="LAMBDA_DLQ_CHECK"),
    remedy="Name a queue in dead_letter_config, and set an alarm on its depth.",
    url="https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
)
def async_dead_letter(sender: Resource) -> Findings:
    """An event that cannot be handled ends in a queue, never in nothing."""
    match sender.type.rpartition(":")[2]:
        case "Function":
            yield from sender.prop("deadLetterConfig.targetArn").must_be_set("the ARN of a queue or topic")
        case "EventTarget":
            yield from sender.prop("deadLetterConfig.arn").must_be_set("the ARN of a queue")
        case _:
            yield from sender.prop("target.deadLetterConfig.arn").must_be_set("the ARN of a queue")


@THEME.policy(
    on="sqs/queue",
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    remedy="Set redrive_policy with a dead-letter queue and maxReceiveCount.",
    url="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html",
)
def sqs_redrive(queue: Resource) -> Findings:
    """A message that fails again and again leaves its queue; dead-letter queues themselves are exempt."""
    if not _is_dead_letter(queue.name):
        found = queue.prop("redrivePolicy").must_be_set("a dead-letter queue")
        yield from queue.prop("name").when(lambda name: not _is_dead_letter(name), found)


def _is_dead_letter(name: object) -> bool:
    return any(mark in str(name).lower() for mark in ("dlq", "dead"))


@THEME.policy(
    on=("lambda/function", "eks/cluster", "glue/job"),
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_363 CKV_AWS_339", fsbp="Lambda.2 EKS.2"),
    remedy="Take a version that AWS supports.",
    url="https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html",
    settings={
        "runtimes": strings("Runtimes that functions may use.", RUNTIMES),
        "kubernetes": strings("Versions that clusters may run.", KUBERNETES),
        "glue": strings("Versions that Glue jobs may run.", ["4.0", "5.0"]),
    },
)
def supported_runtimes(workload: Resource) -> Findings:
    """Functions, clusters and jobs run on versions that still get security fixes."""
    match workload.type.rpartition(":")[2]:
        case "Function":
            found = workload.prop("runtime").must_be(*workload.config["runtimes"])
            yield from workload.prop("packageType").when(lambda kind: kind != "Image", found)
        case "Cluster":
            yield from workload.prop("version").must_be(*workload.config["kubernetes"])
        case _:
            yield from workload.prop("glueVersion").must_be(*workload.config["glue"])


@THEME.policy(
    on="ecs/service",
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    remedy="Run two tasks or more, with deployment_circuit_breaker.rollback=True and all of them kept healthy.",
    url="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html",
    settings={"minimumTasks": number("Fewest tasks of a service.", 2, minimum=1)},
)
def ecs_service_resilient(service: Resource) -> Findings:
    """A service runs on two tasks, loses none while it is updated, and goes back when an update fails."""
    yield from service.prop("desiredCount").must_be_at_least(service.config["minimumTasks"], "tasks", when_missing=1)
    # CodeDeploy does its own blue/green and refuses the circuit breaker.
    breaker = service.prop("deploymentCircuitBreaker.rollback").must_be(True)
    yield from service.prop("deploymentController.type").when(lambda kind: kind != "CODE_DEPLOY", breaker)
    yield from service.prop("deploymentMinimumHealthyPercent").must_be_at_least(100, "%", when_missing=100)


@ecs_service_resilient.remediation
def _(draft: Draft) -> None:
    if draft.prop("deploymentController.type").raw != "CODE_DEPLOY":
        draft.set("deploymentCircuitBreaker", {"enable": True, "rollback": True})
    if not draft.prop("deploymentMinimumHealthyPercent").missing:
        draft.set("deploymentMinimumHealthyPercent", 100)


@THEME.policy(
    on=tuple(_SUBNETS),
    reads="ec2/subnet",
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    controls=Controls(fsbp="ELB.13 Lambda.5"),
    remedy="Name subnets of two availability zones or more.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/best-practices-endpoints.html",
    settings={"minimumZones": number("Fewest availability zones.", 2, minimum=1)},
)
def multi_az_subnets(workload: Resource) -> Findings:
    """Workloads stand in two availability zones, so that one may fail."""
    path = next(path for short, path in _SUBNETS.items() if f":{short}:" in workload.type)
    named = workload.props(path)
    if not named or all(prop.missing for prop in named):
        return
    subnets = workload.targets(path, "ec2/subnet")
    if not subnets:
        problem = f"{path} names subnets outside of this stack, whose zones cannot be seen"
        yield Finding(subject=workload.subject, urn=workload.urn, problem=problem, undecided=True)
        return
    zones = {subnet.prop("availabilityZone").text for subnet in subnets}
    if len(zones) < workload.config["minimumZones"]:
        least = int(workload.config["minimumZones"])
        yield workload.violation(f"{path} covers {len(zones)} availability zone; it must be at least {least}")


@THEME.policy(
    on=("lb/targetGroup", "alb/targetGroup"),
    mandatory=FROM_STAGING,
    severity=Severity.LOW,
    controls=Controls(checkov="CKV_AWS_261"),
    remedy="Set health_check.path to the service's readiness page.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html",
)
def target_group_health_check(group: Resource) -> Findings:
    """Load balancers ask their targets whether they can work, not only whether they are there."""
    yield from group.prop("healthCheck.enabled").must_be(True, when_missing=True)
    path = group.prop("healthCheck.path").must_be_set("the path of a health page")
    yield from group.prop("protocol").when(lambda protocol: protocol in ("HTTP", "HTTPS"), path)


@THEME.policy(
    on="ecs/taskDefinition",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_334 CKV_AWS_335 CKV_AWS_336", fsbp="ECS.1 ECS.3 ECS.4 ECS.5"),
    remedy="Set user to a number above 0, readonlyRootFilesystem to true, privileged to false, and awsvpc networking.",
    url="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-tasks-containers.html",
)
def ecs_container_hardening(task: Resource) -> Findings:
    """Containers run without root, without privileges, on a file system that they cannot write, apart from the host."""
    yield from task.prop("networkMode").must_be("awsvpc")
    yield from task.prop("pidMode").must_be("task", None)
    for container in containers(task.prop("containerDefinitions")):
        yield from container.prop("privileged").must_be(False, when_missing=False)
        yield from container.prop("readonlyRootFilesystem").must_be(True)
        yield from container.prop("user").judged(
            lambda user: user is not None and str(user).partition(":")[0] not in ("", "0", "root"), "a user but root"
        )


@THEME.policy(
    on=BALANCERS,
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_131 CKV_AWS_328", fsbp="ELB.4 ELB.12"),
    remedy="Set drop_invalid_header_fields=True, and leave desync_mitigation_mode 'defensive'.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html",
)
def alb_hardening(balancer: Resource) -> Findings:
    """Load balancers refuse requests that two servers could read in two ways."""
    yield from balancer.prop("dropInvalidHeaderFields").must_be(True)
    mode = balancer.prop("desyncMitigationMode")
    yield from mode.must_be("defensive", "strictest", when_missing="defensive")


@alb_hardening.remediation
def _(draft: Draft) -> None:
    draft.set("dropInvalidHeaderFields", True)
    if draft.prop("desyncMitigationMode").raw == "monitor":
        draft.set("desyncMitigationMode", "defensive")
