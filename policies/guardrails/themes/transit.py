"""Encryption in transit."""

from __future__ import annotations

from pulumi_policy import Severity

from ..documents import Statement, settled, statements
from ..finding import Findings
from ..levels import EVERYWHERE, FROM_STAGING, NOWHERE
from ..patterns import matches
from ..remediation import Draft
from ..resource import Resource, twins
from ..rule import Controls
from .theme import ENCRYPTION_IN_TRANSIT as THEME

LISTENERS = ("lb/listener", "alb/listener")
# TLS 1.2 with forward secrecy is the floor of ELB.17. The names say what they take: 1-2 or 1-3, restricted, FIPS and
# post-quantum variants are at least that; Ext1 and Ext2 are not
# (Elastic Load Balancing, "Security policies for your Application Load Balancer").
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_TLS_POLICIES = r"ELBSecurityPolicy-TLS13-1-[23](?:-Res)?(?:-FIPS)?(?:-PQ)?-\d{4}-\d{2}"
_SCHEDULE_JOB = "monitoringScheduleConfig.monitoringJobDefinition"


@THEME.policy(
    on=twins("s3/bucket"),
    reads="s3/bucketPolicy",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_379", fsbp="S3.5", cis="2.1.1"),
    remedy="Deny s3:* on the bucket and its objects to everyone where aws:SecureTransport is false.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
)
def s3_bucket_tls_only(bucket: Resource) -> Findings:
    """Every bucket refuses requests that do not come over TLS."""
    policies = bucket.attached("bucket", "s3/bucketPolicy")
    if not policies:
        yield bucket.violation("no bucketPolicy is attached, so plain HTTP is accepted")
        return
    name = bucket.prop("bucket").raw

    def problems(read: list[Statement]) -> Findings:
        if not any(_demands_tls(statement, name) for statement in read):
            yield bucket.violation("its bucketPolicy has no statement that denies requests without TLS")

    yield from settled([each for policy in policies for each in statements(policy.prop("policy"))], problems)


def _demands_tls(statement: Statement, bucket: object) -> bool:
    """Whether a statement denies everyone everything without TLS, on the bucket of that name and on its objects.

    A further condition would deny less: all of a statement's conditions must hold.
    """
    known = isinstance(bucket, str)
    resources = [resource for resource in statement.resources if not known or _is_of(resource, str(bucket))]
    alone = all(key == "aws:securetransport" for _, key, _ in statement.conditions)
    everyone = any(name == "*" for _, name in statement.principals)
    everything = "s3:*" in statement.actions or "*" in statement.actions
    objects = any(resource.endswith("*") for resource in resources)
    itself = any(not resource.endswith("/*") for resource in resources)
    insecure = [value.lower() for value in statement.condition("aws:SecureTransport")]
    denies = not statement.allows and everyone and everything
    return denies and alone and objects and itself and (insecure == ["false"] or not statement.conditions)


def _is_of(resource: str, bucket: str) -> bool:
    """Whether the ARN or pattern of a statement bears on a bucket or its objects."""
    return resource == "*" or matches(resource.rpartition(":::")[2].partition("/")[0], bucket)


@THEME.policy(
    on=("sagemaker/dataQualityJobDefinition", "sagemaker/monitoringSchedule", "sagemaker/trainingJob"),
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_369", fsbp="SageMaker.9"),
    remedy="Set enable_inter_container_traffic_encryption=True.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/train-encrypt.html",
)
def sagemaker_inter_container_encryption(job: Resource) -> Findings:
    """Jobs encrypt the traffic between their containers."""
    path = _inter_container_path(job)
    if path:
        yield from job.prop(path).must_be(True)


@sagemaker_inter_container_encryption.remediation
def _(draft: Draft) -> None:
    path = _inter_container_path(draft.resource)
    if path:
        draft.set(path, True)


def _inter_container_path(job: Resource) -> str:
    match job.type.rpartition(":")[2]:
        case "DataQualityJobDefinition":
            return "networkConfig.enableInterContainerTrafficEncryption"
        case "MonitoringSchedule":
            inline = not job.prop(_SCHEDULE_JOB).missing
            return f"{_SCHEDULE_JOB}.networkConfig.enableInterContainerTrafficEncryption" if inline else ""
        case _:
            return "enableInterContainerTrafficEncryption"


@THEME.policy(
    on=LISTENERS,
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_2 CKV2_AWS_20", fsbp="ELB.1 ELB.18"),
    remedy="Set protocol to HTTPS (TLS on a network load balancer), or redirect to HTTPS.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/create-https-listener.html",
)
def alb_listener_https(listener: Resource) -> Findings:
    """Load balancers listen on HTTPS; a plain listener only redirects to it."""
    plain = listener.prop("protocol").must_be("HTTPS", "TLS")
    redirects = listener.props("defaultActions[].redirect.protocol") if plain else []
    if not redirects:
        yield from plain
    for redirect in redirects:
        yield from redirect.must_be("HTTPS")


@THEME.policy(
    on=LISTENERS,
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_103 CKV2_AWS_74", fsbp="ELB.17", guard="ELBV2_LISTENER_SSL_POLICY_RULE"),
    remedy="Set ssl_policy to ELBSecurityPolicy-TLS13-1-2-2021-06 or a stricter one.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html",
)
def alb_listener_tls_policy(listener: Resource) -> Findings:
    """TLS listeners accept TLS 1.2 with forward secrecy or better."""
    found = listener.prop("sslPolicy").must_match(_TLS_POLICIES, f"{TLS_POLICY} or a stricter one")
    yield from listener.prop("protocol").when(lambda protocol: protocol in ("HTTPS", "TLS"), found)


@alb_listener_tls_policy.remediation
def _(draft: Draft) -> None:
    draft.set("sslPolicy", TLS_POLICY)


@THEME.policy(
    on=("lb/targetGroup", "alb/targetGroup"),
    mandatory=NOWHERE,
    severity=Severity.LOW,
    controls=Controls(checkov="CKV_AWS_378"),
    remedy="Set protocol to HTTPS and serve a certificate in the container.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html",
)
def alb_target_group_https(group: Resource) -> Findings:
    """Load balancers talk HTTPS to their targets as well."""
    found = group.prop("protocol").must_be("HTTPS", "TLS")
    yield from group.prop("targetType").when(lambda kind: kind != "lambda", found)


@THEME.policy(
    on="ecs/taskDefinition",
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_97"),
    remedy="Set transit_encryption='ENABLED' on the EFS volume.",
    url="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html",
)
def ecs_efs_transit_encryption(task: Resource) -> Findings:
    """Tasks mount EFS volumes over TLS."""
    for volume in task.props("volumes[]"):
        if not volume.prop("efsVolumeConfiguration").missing:
            yield from volume.prop("efsVolumeConfiguration.transitEncryption").must_be("ENABLED")


@ecs_efs_transit_encryption.remediation
def _(draft: Draft) -> None:
    for index, volume in enumerate(draft.resource.props("volumes[]")):
        if not volume.prop("efsVolumeConfiguration").missing:
            draft.set(f"volumes.{index}.efsVolumeConfiguration.transitEncryption", "ENABLED")


@THEME.policy(
    on="codebuild/project",
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    remedy="Leave source.insecure_ssl off.",
    url="https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectSource.html",
)
def codebuild_no_insecure_ssl(project: Resource) -> Findings:
    """Builds check the certificate of the place their source comes from."""
    yield from project.prop("source.insecureSsl").must_be(False, when_missing=False)


@codebuild_no_insecure_ssl.remediation
def _(draft: Draft) -> None:
    draft.set("source.insecureSsl", False)
