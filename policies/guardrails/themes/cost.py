"""Cost guard rails."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from pulumi_policy import Severity

from ..finding import Findings
from ..levels import EVERYWHERE, FROM_STAGING, NOWHERE
from ..reading import Prop, as_number
from ..remediation import Draft
from ..resource import Resource, Stack, short_type
from ..rule import Controls
from ..schema import number, strings
from .pipeline_steps import PIPELINES, Step, each_step, resolved
from .theme import COST as THEME

SAGEMAKER_INSTANCES = (
    "ml.t3.*",
    "ml.m5.*large",
    "ml.m6i.*large",
    "ml.m7i.*large",
    "ml.c5.*large",
    "ml.c6i.*large",
    "ml.c7i.*large",
    "ml.r5.*large",
    # Graviton
    "ml.m6g.*large",
    "ml.m8g.*large",
    "ml.c6g.*large",
    "ml.c7g.*large",
    "ml.c8g.*large",
    "ml.r6g.*large",
    "ml.r8g.*large",
)
COMPUTE = (
    "t3.*",
    "m5.*",
    "m6i.*",
    "m7i.*",
    "c5.*",
    "c6i.*",
    "c7i.*",
    "G.1X",
    "G.2X",
    "Standard",
    "BUILD_GENERAL1_SMALL",
    "BUILD_GENERAL1_MEDIUM",
    "BUILD_LAMBDA_*",
)
# What a state machine takes from its execution (JSONPath, JSONata); nobody knows it before.
_FROM_INPUT = ("$", "{%")
_INSTANCE_PATHS = (
    "productionVariants[].instanceType",
    "shadowProductionVariants[].instanceType",
    "resourceConfig.instanceType",
    "instanceType",
    "jobResources.clusterConfig.instanceType",
    "monitoringScheduleConfig.monitoringJobDefinition.monitoringResources.clusterConfig.instanceType",
)


def allowed(props: Iterable[Prop], patterns: Iterable[str]) -> Findings:
    """Each property that is set matches one of the patterns."""
    listed = list(patterns)
    for prop in props:
        if not prop.missing:
            yield from prop.judged(
                lambda value: any(fnmatch.fnmatchcase(str(value), pattern) for pattern in listed),
                f"one of {', '.join(listed)}",
            )


@THEME.policy(
    on=(
        "sagemaker/endpointConfiguration",
        "sagemaker/trainingJob",
        "sagemaker/notebookInstance",
        "sagemaker/dataQualityJobDefinition",
        "sagemaker/monitoringSchedule",
        *PIPELINES,
    ),
    mandatory=EVERYWHERE,
    severity=Severity.MEDIUM,
    remedy="Take an allowed type, or have the type added to the list for this stack.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/inference-cost-optimization.html",
    settings={"allowed": strings("Patterns of instance types.", SAGEMAKER_INSTANCES)},
)
def sagemaker_instance_allow_list(resource: Resource) -> Findings:
    """SageMaker runs on instance types that the stack has budgeted for."""
    if short_type(resource.type) in PIPELINES:
        yield from each_step(resource, lambda step: _step_on_allowed(resource, step))
        return
    props = [prop for path in _INSTANCE_PATHS for prop in resource.props(path)]
    yield from allowed(props, resource.config["allowed"])


def _step_on_allowed(pipeline: Resource, step: Step) -> Findings:
    instance = resolved(pipeline, step.cluster.prop("InstanceType"))
    if not str(instance.raw).startswith(_FROM_INPUT):
        yield from allowed([instance], pipeline.config["allowed"])


@THEME.policy(
    on=("eks/nodeGroup", "glue/job", "codebuild/project"),
    mandatory=EVERYWHERE,
    severity=Severity.MEDIUM,
    remedy="Take an allowed type, or have the type added to the list for this stack.",
    url="https://docs.aws.amazon.com/glue/latest/dg/worker-types.html",
    settings={
        "allowed": strings("Patterns of instance, worker and build types.", COMPUTE),
        "maximumWorkers": number("Most workers, or capacity units, of a Glue job.", 10, minimum=1),
    },
)
def compute_instance_allow_list(resource: Resource) -> Findings:
    """Clusters, Glue jobs and builds run on types and numbers that the stack has budgeted for."""
    props = [*resource.props("instanceTypes[]"), resource.prop("workerType"), resource.prop("environment.computeType")]
    yield from allowed(props, resource.config["allowed"])
    for path in ("numberOfWorkers", "maxCapacity"):
        yield from resource.prop(path).must_be_at_most(resource.config["maximumWorkers"])


@THEME.policy(
    on=(
        "sagemaker/endpointConfiguration",
        "sagemaker/trainingJob",
        "appautoscaling/target",
        "appautoscaling/scheduledAction",
        "eks/nodeGroup",
        "lambda/function",
        *PIPELINES,
    ),
    mandatory=EVERYWHERE,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_115"),
    remedy="Lower it, or raise the ceiling in the policy's config of this stack.",
    url="https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html",
    settings={
        "instances": number(
            "Most instances of a variant or a job, and most units of a scalable target at any time.", 10, minimum=1
        ),
        "nodes": number("Most nodes of a Kubernetes node group.", 10, minimum=1),
        "concurrency": number("Most reserved concurrent executions of a function.", 100, minimum=1),
    },
)
def capacity_ceiling(resource: Resource) -> Findings:
    """Everything that scales has a ceiling, so that a fault or an attack cannot spend without end."""
    limits = resource.config
    if short_type(resource.type) in PIPELINES:
        yield from each_step(resource, lambda step: _step_within(resource, step))
        return
    match resource.type.rpartition(":")[2]:
        case "EndpointConfiguration":
            for path in ("productionVariants[]", "shadowProductionVariants[]"):
                for count in resource.props(f"{path}.initialInstanceCount"):
                    yield from count.must_be_at_most(limits["instances"], "instances")
        case "TrainingJob":
            yield from resource.prop("resourceConfig.instanceCount").must_be_at_most(limits["instances"], "instances")
        case "Target":
            yield from resource.prop("maxCapacity").must_be_at_most(limits["instances"], "instances")
        case "ScheduledAction":
            most = resource.prop("scalableTargetAction.maxCapacity")
            yield from most.must_be_at_most(limits["instances"], "instances")
        case "NodeGroup":
            yield from resource.prop("scalingConfig.maxSize").must_be_at_most(limits["nodes"], "nodes")
        case _:
            ceiling = int(limits["concurrency"])
            yield from resource.prop("reservedConcurrentExecutions").judged(
                lambda count: 0 <= as_number(count) <= ceiling, f"set, to at most {ceiling} executions"
            )


def _step_within(pipeline: Resource, step: Step) -> Findings:
    count = resolved(pipeline, step.cluster.prop("InstanceCount"))
    if not str(count.raw).startswith(_FROM_INPUT):
        yield from count.must_be_at_most(pipeline.config["instances"], "instances")


@THEME.policy(
    on=("sagemaker/trainingJob", *PIPELINES),
    mandatory=NOWHERE,
    severity=Severity.LOW,
    remedy="Train on spot capacity, with checkpoint_config.s3_uri and a wait time not below the run time.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html",
)
def spot_training_with_checkpoints(resource: Resource) -> Findings:
    """Training runs on spot capacity, and can go on where it was interrupted."""
    if not resource.type.endswith(":TrainingJob"):
        yield from each_step(resource, _spot_step)
        return
    yield from _spot(resource.prop("enableManagedSpotTraining"), resource.prop("checkpointConfig.s3Uri"))


def _spot_step(step: Step) -> Findings:
    if step.trains:
        yield from _spot(step.job.prop("EnableManagedSpotTraining"), step.job.prop("CheckpointConfig.S3Uri"))


def _spot(spot: Prop, checkpoints: Prop) -> Findings:
    yield from spot.must_be(True)
    yield from spot.when(lambda on: on is True, checkpoints.must_be_set("an S3 URI"))


@THEME.policy(
    on=("glue/job", "codebuild/project", "sagemaker/trainingJob"),
    mandatory=EVERYWHERE,
    severity=Severity.MEDIUM,
    remedy="Set a timeout that the job cannot reach unless it hangs.",
    url="https://docs.aws.amazon.com/glue/latest/dg/add-job.html",
    settings={
        "jobMinutes": number("Longest Glue job and build.", 480, minimum=5),
        "trainingSeconds": number("Longest training job.", 86_400, minimum=60),
    },
)
def job_timeouts(job: Resource) -> Findings:
    """Every job ends by itself: one that hangs costs until somebody looks."""
    path, limit, unit = _timeout(job)
    yield from job.prop(path).judged(
        lambda value: 0 < as_number(value) <= limit, f"set, to at most {int(limit)} {unit}"
    )


@job_timeouts.remediation
def _(draft: Draft) -> None:
    path, limit, _ = _timeout(draft.resource)
    draft.set(path, limit)


def _timeout(job: Resource) -> tuple[str, float, str]:
    match job.type.rpartition(":")[2]:
        case "Job":
            return "timeout", job.config["jobMinutes"], "minutes"
        case "Project":
            return "buildTimeout", job.config["jobMinutes"], "minutes"
        case _:
            return "stoppingCondition.maxRuntimeInSeconds", job.config["trainingSeconds"], "seconds"


@THEME.stack_policy(
    on=("budgets/budget", "sagemaker/endpoint", "sagemaker/pipeline"),
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    remedy="Declare a Budget with a limit and a notification to a topic that somebody reads.",
    url="https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html",
)
def budget_with_alerts(stack: Stack) -> Findings:
    """A stack that runs machine learning has a budget, and somebody hears when it is used up."""
    budgets = stack.of("budgets/budget")
    if not budgets and stack.of("sagemaker/endpoint", "sagemaker/pipeline"):
        yield stack.violation("it declares no budget")
    for budget in budgets:
        yield from budget.prop("autoAdjustData").when_unset(budget.prop("limitAmount").must_be_set("an amount"))
        notifications = budget.props("notifications[]")
        if not notifications:
            yield budget.violation("notifications is not set")
        for notification in notifications:
            yield from notification.prop("threshold").must_be_set("a share of the limit")
            topics = notification.prop("subscriberSnsTopicArns").must_be_set("a list of topics")
            yield from notification.prop("subscriberEmailAddresses").when_unset(topics)


@THEME.stack_policy(
    on=("ec2/natGateway", "ec2/subnet"),
    mandatory=NOWHERE,
    severity=Severity.LOW,
    remedy="Use VPC endpoints, and share one NAT gateway, or one for each zone in production.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-pricing.html",
    settings={"maximum": number("Most NAT gateways of the stack.", 3, minimum=0)},
)
def nat_gateway_count(stack: Stack) -> Findings:
    """A stack has no more NAT gateways than it needs; each costs by the hour and by the byte."""
    gateways = stack.of("ec2/natGateway")
    if len(gateways) > stack.config["maximum"]:
        yield stack.violation(
            f"it has {len(gateways)} NAT gateways; at most {int(stack.config['maximum'])} are planned"
        )
