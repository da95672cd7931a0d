"""Public access: nothing of the platform answers to everyone."""

from __future__ import annotations

from pulumi_policy import Severity

from ..documents import Statement, statements
from ..finding import Findings
from ..levels import EVERYWHERE, FROM_STAGING
from ..patterns import is_service, is_wild
from ..remediation import Draft
from ..resource import Resource, twins
from ..rule import Controls
from ..schema import flag
from .theme import PUBLIC_ACCESS as THEME

BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_POLICY_DOCUMENTS = {
    "s3/bucketPolicy": "policy",
    "s3/bucket": "policy",
    "s3/bucketV2": "policy",
    "s3/accessPoint": "policy",
    "s3control/accessPointPolicy": "policy",
    "sns/topicPolicy": "policy",
    "sns/topic": "policy",
    "sqs/queuePolicy": "policy",
    "sqs/queue": "policy",
    "kms/key": "policy",
    "kms/keyPolicy": "policy",
    "kms/replicaKey": "policy",
    "kms/externalKey": "policy",
    "kms/replicaExternalKey": "policy",
    "ecr/repositoryPolicy": "policy",
    "ecr/registryPolicy": "policy",
    "secretsmanager/secretPolicy": "policy",
    "secretsmanager/secret": "policy",
    "sagemaker/modelPackageGroupPolicy": "resourcePolicy",
    "cloudwatch/eventBusPolicy": "policy",
    "cloudwatch/logResourcePolicy": "policyDocument",
    "cloudwatch/logDestinationPolicy": "accessPolicy",
    "glue/resourcePolicy": "policy",
    "codebuild/resourcePolicy": "policy",
    "dynamodb/resourcePolicy": "policy",
    "kinesis/resourcePolicy": "policy",
    "efs/fileSystemPolicy": "policy",
    "backup/vaultPolicy": "policy",
}
# A statement for everyone that tests one of these is held to callers of the platform.
_SCOPES = (
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceOwner",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "kms:CallerAccount",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
)
_PAB = Controls(checkov="CKV_AWS_53 CKV_AWS_54 CKV_AWS_55 CKV_AWS_56 CKV2_AWS_6", fsbp="S3.8", cis="2.1.4")
_PAB_URL = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"


@THEME.policy(
    on=twins("s3/bucket"),
    reads="s3/bucketPublicAccessBlock",
    mandatory=EVERYWHERE,
    severity=Severity.CRITICAL,
    controls=_PAB,
    remedy="Attach a BucketPublicAccessBlock with all four settings on.",
    url=_PAB_URL,
)
def s3_public_access_block(bucket: Resource) -> Findings:
    """Every bucket has a public access block."""
    if not bucket.attached("bucket", "s3/bucketPublicAccessBlock"):
        yield bucket.violation("no bucketPublicAccessBlock is attached")


@THEME.policy(
    on="s3/bucketPublicAccessBlock",
    mandatory=EVERYWHERE,
    severity=Severity.CRITICAL,
    controls=_PAB,
    remedy="Set all four settings to True.",
    url=_PAB_URL,
)
def s3_public_access_block_complete(block: Resource) -> Findings:
    """A public access block has all four settings on; each closes a way that the others leave open."""
    for path in BLOCKS:
        yield from block.prop(path).must_be(True)


@s3_public_access_block_complete.remediation
def _(draft: Draft) -> None:
    for path in BLOCKS:
        draft.set(path, True)


@THEME.policy(
    on=(*twins("s3/bucket"), *twins("s3/bucketAcl"), "s3/bucketOwnershipControls"),
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_20 CKV_AWS_57 CKV_AWS_375 CKV2_AWS_65", fsbp="S3.12"),
    remedy="Remove the ACL, keep object_ownership 'BucketOwnerEnforced', and grant access by policy.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html",
)
def s3_no_acl(resource: Resource) -> Findings:
    """Access to buckets is granted by policies, never by ACLs."""
    if resource.type.endswith(":BucketOwnershipControls"):
        yield from resource.prop("rule.objectOwnership").must_be("BucketOwnerEnforced")
        return
    yield from resource.prop("acl").must_be("private", when_missing="private")
    for grant in resource.props("grants[].uri"):
        yield from grant.must_be(None)


@THEME.policy(
    on=tuple(_POLICY_DOCUMENTS),
    mandatory=EVERYWHERE,
    severity=Severity.CRITICAL,
    controls=Controls(
        checkov="CKV_AWS_70 CKV_AWS_169 CKV_AWS_168 CKV_AWS_33 CKV_AWS_32 CKV_AWS_385",
        fsbp="S3.2 S3.3 SNS.4 SQS.3 KMS.5",
    ),
    remedy="Name the principals, or add a condition on aws:SourceAccount, aws:SourceArn or aws:PrincipalOrgID.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
)
def resource_policy_no_wildcard_principal(resource: Resource) -> Findings:
    """No resource policy allows everyone, or everyone but some."""
    path = next(path for short, path in _POLICY_DOCUMENTS.items() if f":{short}:" in resource.type)

    def problems(statement: Statement) -> Findings:
        if statement.allows and _is_open(statement):
            yield resource.violation(f"{path} {statement.label} allows every principal and tests no condition on it")

    for statement in statements(resource.prop(path)):
        yield from statement.judged(problems)


def _is_open(statement: Statement) -> bool:
    everyone = any(name == "*" for _, name in statement.principals) or bool(statement.not_principals)
    return everyone and not any(statement.narrows(key) for key in _SCOPES)


@THEME.policy(
    on="ecs/service",
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_333", fsbp="ECS.2"),
    remedy="Set assign_public_ip=False.",
    url="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html",
)
def ecs_service_no_public_ip(service: Resource) -> Findings:
    """Container services get no public address."""
    yield from service.prop("networkConfiguration.assignPublicIp").must_be(False, when_missing=False)


@ecs_service_no_public_ip.remediation
def _(draft: Draft) -> None:
    draft.set("networkConfiguration.assignPublicIp", False)


@THEME.policy(
    on=("lb/loadBalancer", "alb/loadBalancer"),
    reads="wafv2/webAclAssociation",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV2_AWS_28", fsbp="ELB.16"),
    remedy="Set internal=True; a public one needs allowPublicWithWaf in the policy's config and a WAF association.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html",
    settings={"allowPublicWithWaf": flag("Whether a load balancer may be public when a web ACL stands before it.")},
)
def alb_internal(balancer: Resource) -> Findings:
    """Load balancers are internal; a public one stands behind a web application firewall."""
    protected = balancer.config["allowPublicWithWaf"] and balancer.prop("internal").raw is not True
    if not (protected and balancer.attached("resourceArn", "wafv2/webAclAssociation")):
        yield from balancer.prop("internal").must_be(True)


@THEME.policy(
    on=("lambda/permission", "lambda/functionUrl"),
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_301 CKV_AWS_364 CKV_AWS_258", fsbp="Lambda.1"),
    remedy="Name the principal, and source_arn or source_account for a service; use AWS_IAM for a function URL.",
    url="https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html",
)
def lambda_permission_scoped(permission: Resource) -> Findings:
    """A function may be invoked by named callers only, and by a service only on behalf of the platform."""
    if permission.type.endswith(":FunctionUrl"):
        yield from permission.prop("authorizationType").must_be("AWS_IAM")
        return
    principal = permission.prop("principal")
    everyone = principal.judged(lambda name: bool(name) and name != "*", "a service, an account or a role")
    yield from permission.prop("principalOrgId").when_unset(everyone)  # `*` of one organisation is not everyone
    if not principal.unknown and is_service(str(principal.value)):
        sources = [permission.prop(path) for path in ("sourceArn", "sourceAccount", "principalOrgId")]
        if all(source.missing for source in sources):
            yield permission.violation(f"{principal.value} may invoke it for any account: sourceArn is not set")
        else:
            found = sources[0].judged(lambda arn: arn is None or not is_wild(str(arn)), "the ARN of the caller")
            yield from permission.prop("sourceAccount").when_unset(found)


@THEME.policy(
    on="codebuild/project",
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_316"),
    remedy="Leave project_visibility PRIVATE; set allowPrivileged in the policy's config for image builds.",
    url="https://docs.aws.amazon.com/codebuild/latest/userguide/public-builds.html",
    settings={"allowPrivileged": flag("Whether builds may run privileged, which building images with Docker needs.")},
)
def codebuild_not_public(project: Resource) -> Findings:
    """Builds are private, and privileged only where they build images."""
    yield from project.prop("projectVisibility").must_be("PRIVATE", when_missing="PRIVATE")
    if not project.config["allowPrivileged"]:
        yield from project.prop("environment.privilegedMode").must_be(False, when_missing=False)


@codebuild_not_public.remediation
def _(draft: Draft) -> None:
    draft.set("projectVisibility", "PRIVATE")
