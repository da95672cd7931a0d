"""Network: the endpoints through which a VPC reaches AWS, and whom they admit."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from ..documents import Statement, statements
from ..finding import Finding, Findings
from ..levels import FROM_STAGING, IN_PROD
from ..reading import Prop
from ..resource import Resource
from ..rule import Controls
from ..schema import strings
from .theme import NETWORK as THEME

# What runs code in subnets of the VPC. A function does when it has a vpc_config; of the others the platform's jobs and
# services, which other policies hold there (`sagemaker-job-network-isolation`, `workload-in-private-subnets`).
_CONTAINERS = ("ecs/service", "ecs/taskDefinition", "eks/cluster", "eks/nodeGroup", "eks/fargateProfile")
_JOBS = ("sagemaker/pipeline", "sagemaker/dataQualityJobDefinition", "glue/job")
_FUNCTIONS = ("lambda/function",)
CALLERS = (*_FUNCTIONS, *_JOBS, *_CONTAINERS)
# Endpoint service -> its callers, and the types whose presence means that these call it; with none they always do.
# SageMaker pulls the images of its jobs and writes their logs itself (SageMaker Developer Guide, "Give SageMaker AI
# Training Jobs Access to Resources in Your Amazon VPC"), as Lambda does; Fargate and Kubernetes nodes do both from the
# VPC (Amazon ECR User Guide, "Amazon ECR interface VPC endpoints"; Amazon EKS User Guide, "Deploy private clusters").
CALLS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "s3": (CALLERS, ("s3/bucket", "s3/bucketV2", *_CONTAINERS)),
    "dynamodb": (CALLERS, ("dynamodb/table",)),
    "ssm": (CALLERS, ("ssm/parameter",)),
    "secretsmanager": (CALLERS, ("secretsmanager/secret",)),
    "sns": (_FUNCTIONS, ("sns/topic",)),
    "sagemaker.api": (_FUNCTIONS, ("sagemaker/pipeline", "sagemaker/endpoint")),
    "sagemaker.featurestore-runtime": (_JOBS, ("sagemaker/featureGroup",)),
    "ecr.api": (_CONTAINERS, ()),
    "ecr.dkr": (_CONTAINERS, ()),
    "logs": (_CONTAINERS, ()),
    "ec2": (("eks/nodeGroup",), ()),
    "sts": (("eks/cluster",), ()),
}
_READS = tuple(
    dict.fromkeys(("ec2/vpcEndpoint", *CALLERS, *(short for _, called in CALLS.values() for short in called)))
)


@THEME.policy(
    on="ec2/vpc",
    reads=_READS,
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(fsbp="EC2.55 EC2.56"),
    remedy="Create a VpcEndpoint for each service named, interface endpoints with private DNS.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/interface-vpc-endpoint.html",
    settings={
        "services": strings("Further endpoint services, without com.amazonaws and the region."),
        "notCalled": strings("Endpoint services that nothing in the VPC calls, although the stack looks as if."),
    },
)
def vpc_endpoints_required(vpc: Resource) -> Findings:
    """The workloads reach AWS through VPC endpoints, never over the internet.

    Which services that takes follows from the stack: from what runs code in the VPC (functions, jobs, containers) and
    what the stack has for it to call (buckets, topics, secrets, feature groups). Containers of ECS and EKS also pull
    their images through the VPC.
    """
    endpoints = vpc.attached("vpcId", "ec2/vpcEndpoint")
    for service, lacking in _wanted(vpc):
        yield from _served(endpoints, service, lacking)


def _wanted(vpc: Resource) -> Iterator[tuple[str, list[Finding]]]:
    """Each service that the VPC needs an endpoint for, and what to say when it has none."""
    further = vpc.config["services"]
    for service in further:
        yield service, [vpc.violation(f"it has no endpoint for {service}")]
    for service, (callers, called) in CALLS.items():
        if service not in (*further, *vpc.config["notCalled"]) and (not called or vpc.others(*called)):
            yield service, _lacking(vpc, service, vpc.others(*callers))


def _lacking(vpc: Resource, service: str, callers: list[Resource]) -> list[Finding]:
    """What to say for the first caller that stands in the VPC; undecided when only one that may stand there is left."""
    waiting: list[Finding] = []
    for caller in callers:
        found = [vpc.violation(f"it has no endpoint for {service}, which {caller.subject} needs")]
        if caller.type.endswith(":Function"):
            found = caller.prop("vpcConfig.subnetIds").when(bool, found)
        if any(not finding.undecided for finding in found):
            return found
        waiting += found
    return waiting[:1]


def _served(endpoints: list[Resource], service: str, lacking: list[Finding]) -> Findings:
    names = [endpoint.prop("serviceName") for endpoint in endpoints]
    found = [endpoint for endpoint, name in zip(endpoints, names, strict=True) if _names(name, service)]
    if not found:
        unknown = [name for name in names if name.unknown]
        yield from unknown[0].when(bool, lacking) if unknown else lacking
    for endpoint in found if lacking else ():
        private = endpoint.prop("privateDnsEnabled").must_be(True)
        yield from endpoint.prop("vpcEndpointType").when(lambda kind: kind == "Interface", private)


def _names(name: Prop, service: str) -> bool:
    """Whether an endpoint service is one of AWS, its FIPS form included: `com.amazonaws.us-gov-west-1.kms-fips`."""
    return isinstance(name.raw, str) and name.raw.removesuffix("-fips").endswith(f".{service}")


@THEME.policy(
    on="ec2/vpcEndpoint",
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    remedy="Set policy to a document that admits the platform's principals or resources only.",
    url="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
)
def vpc_endpoint_policy_scoped(endpoint: Resource) -> Findings:
    """VPC endpoints carry a policy of their own.

    The default one allows every action on every account's resources: a workload could write the platform's data to a
    bucket of somebody else.
    """
    policy = endpoint.prop("policy")
    if policy.missing:
        yield endpoint.violation("policy is not set, so the endpoint admits every principal to every resource")
        return

    def problems(statement: Statement) -> Findings:
        everyone = any(name == "*" for _, name in statement.principals) or bool(statement.not_principals)
        if statement.allows and everyone and statement.everywhere and statement.unconditional:
            yield endpoint.violation(f"policy {statement.label} admits every principal to every resource")

    for statement in statements(policy):
        yield from statement.judged(problems)
