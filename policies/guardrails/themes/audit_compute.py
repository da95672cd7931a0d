"""Logging and audit: containers, clusters, builds and jobs."""

from __future__ import annotations

from pulumi_policy import Severity

from ..finding import Findings
from ..levels import FROM_STAGING, IN_PROD
from ..remediation import Draft
from ..resource import Resource
from ..rule import Controls
from .containers import containers
from .theme import AUDIT as THEME

CONTROL_PLANE_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")


@THEME.policy(
    on=("lb/loadBalancer", "alb/loadBalancer"),
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_91", fsbp="ELB.5"),
    remedy="Set access_logs with enabled=True and a bucket.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html",
)
def alb_access_logs(balancer: Resource) -> Findings:
    """Load balancers log every request."""
    yield from balancer.prop("accessLogs.enabled").must_be(True)
    yield from balancer.prop("accessLogs.bucket").must_be_set("a bucket for access logs")


@THEME.policy(
    on="eks/cluster",
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_37", fsbp="EKS.8", nag="AwsSolutions-EKS2"),
    remedy="Set enabled_cluster_log_types to all five.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
)
def eks_control_plane_logs(cluster: Resource) -> Findings:
    """Kubernetes control planes log all that they do."""
    enabled = [prop.value for prop in cluster.props("enabledClusterLogTypes[]")]
    missing = [name for name in CONTROL_PLANE_LOGS if name not in enabled]
    if missing:
        yield cluster.violation(f"enabledClusterLogTypes lacks {', '.join(missing)}")


@eks_control_plane_logs.remediation
def _(draft: Draft) -> None:
    draft.set("enabledClusterLogTypes", list(CONTROL_PLANE_LOGS))


@THEME.policy(
    on=("ecs/taskDefinition", "ecs/cluster"),
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_65", fsbp="ECS.9 ECS.12"),
    remedy="Give each container a logConfiguration, and the cluster containerInsights=enabled.",
    url="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html",
)
def ecs_logging_and_insights(resource: Resource) -> Findings:
    """Containers send their logs somewhere, and clusters measure them."""
    if resource.type.endswith(":Cluster"):
        settings = {setting.prop("name").text: setting.prop("value") for setting in resource.props("settings[]")}
        insights = settings.get("containerInsights")
        if insights is None:
            yield resource.violation("settings has no containerInsights")
        else:
            yield from insights.must_be("enabled", "enhanced")
        return
    for container in containers(resource.prop("containerDefinitions")):
        yield from container.prop("logConfiguration.logDriver").must_be_set("a log driver")


@THEME.policy(
    on="codebuild/project",
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_314", fsbp="CodeBuild.4"),
    remedy="Leave logs_config.cloudwatch_logs.status ENABLED, or enable S3 logs.",
    url="https://docs.aws.amazon.com/codebuild/latest/userguide/change-project.html",
)
def codebuild_logging(project: Resource) -> Findings:
    """Builds keep their logs."""
    found = project.prop("logsConfig.cloudwatchLogs.status").must_be("ENABLED", when_missing="ENABLED")
    yield from project.prop("logsConfig.s3Logs.status").when(lambda status: status != "ENABLED", found)


@codebuild_logging.remediation
def _(draft: Draft) -> None:
    draft.set("logsConfig.cloudwatchLogs.status", "ENABLED")


@THEME.policy(
    on="glue/job",
    mandatory=IN_PROD,
    severity=Severity.LOW,
    controls=Controls(prowler="glue_etl_jobs_logging_enabled"),
    remedy="Set default_arguments['--enable-continuous-cloudwatch-log']='true'.",
    url="https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging-enable.html",
)
def glue_job_logging(job: Resource) -> Findings:
    """Glue jobs log while they run, not only when they end."""
    yield from job.prop("defaultArguments.--enable-continuous-cloudwatch-log").must_be("true")


@glue_job_logging.remediation
def _(draft: Draft) -> None:
    draft.set("defaultArguments.--enable-continuous-cloudwatch-log", "true")
