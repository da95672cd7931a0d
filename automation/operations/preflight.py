"""What an account must have before a stack is deployed into it: read-only checks, each with what to do.

What is asked for follows from the resources that the program declares (`python -m local synth`), never from a list of
our own; what the account gives is read from its quotas. Nothing is created or changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

#: Lambda keeps this much concurrency for functions without a reservation (developer guide, "Configuring reserved
#: concurrency for a function", read 2026-11-29).
UNRESERVED: Final = 100
_NO_ACCESS = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One answer. `holds` is None where it could not be found out; `fix` says what to do unless it holds."""

    subject: str
    holds: bool | None
    found: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What is to be deployed: the resources as `synth` has them, where, and clients by the name of a service."""

    resources: Sequence[Mapping[str, Any]]
    region: str
    client: Callable[[str], Any]

    def inputs(self, kind: str) -> list[Mapping[str, Any]]:
        """The inputs of all resources of a type."""
        return [resource["inputs"] for resource in self.resources if resource["type"] == kind]


def run(stack: Stack) -> list[Finding]:
    """All findings. What may not be read is one of them, and nothing stops the others."""
    found: list[Finding] = []
    for subject, check in CHECKS.items():
        try:
            found += check(stack)
        except (ClientError, BotoCoreError) as error:
            found.append(_unknown(subject, error))
    return found


def _unknown(subject: str, error: Exception) -> Finding:
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    fix = "allow it for who runs preflight, or look it up by hand" if code in _NO_ACCESS else "try again"
    return Finding(subject=subject, holds=None, found=" ".join(str(error).split())[:300], fix=fix)


def concurrency(stack: Stack) -> Iterator[Finding]:
    """Whether the functions' reservations leave Lambda what it keeps for others."""
    wanted = sum(
        max(0, int(inputs.get("reservedConcurrentExecutions", -1)))
        for inputs in stack.inputs("aws:lambda/function:Function")
    )
    limits = stack.client("lambda").get_account_settings()["AccountLimit"]
    free = int(limits["UnreservedConcurrentExecutions"])
    most = int(limits["ConcurrentExecutions"]) + max(0, wanted + UNRESERVED - free)
    yield Finding(
        subject="Lambda concurrency",
        holds=free - wanted >= UNRESERVED,
        found=f"{wanted} are reserved by the stack, {free} are unreserved, {UNRESERVED} have to stay so",
        fix=f"raise the quota 'Concurrent executions' of Lambda to {most}",
    )


def instances(stack: Stack) -> Iterator[Finding]:
    """Whether SageMaker's quotas allow the instances of the endpoints; a rollout holds the new ones beside the old."""
    wanted: Counter[str] = Counter()
    newest = {
        config["name"]: config for config in stack.inputs("aws:sagemaker/endpointConfiguration:EndpointConfiguration")
    }
    for endpoint in stack.inputs("aws:sagemaker/endpoint:Endpoint"):
        for variant in newest.get(endpoint["endpointConfigName"], {}).get("productionVariants", []):
            if "instanceType" in variant:
                wanted[variant["instanceType"]] += 2 * int(variant.get("initialInstanceCount", 1))
    quotas = _quotas(stack, "sagemaker") if wanted else {}
    for kind, count in sorted(wanted.items()):
        name = f"{kind} for endpoint usage"
        if name not in quotas:
            found = f"SageMaker has no quota of that name in {stack.region}: the type is not offered there"
            yield Finding(subject=name, holds=False, found=found, fix="choose another instance_type, or another region")
            continue
        found = f"{count} are needed while a rollout is under way, the quota is {quotas[name]:g}"
        yield Finding(subject=name, holds=quotas[name] >= count, found=found, fix=f"ask for {count} in Service Quotas")


def networks(stack: Stack) -> Iterator[Finding]:
    """Whether there is room for the VPC and for its interface endpoints."""
    made = len(stack.inputs("aws:ec2/vpc:Vpc"))
    if not made:
        return
    quotas, ec2 = _quotas(stack, "vpc"), stack.client("ec2")
    there = sum(len(page["Vpcs"]) for page in ec2.get_paginator("describe_vpcs").paginate())
    most = quotas["VPCs per Region"]
    found = f"{there} are there and {made} is made, the quota is {most:g}; one that this stack has already counts twice"
    yield Finding(
        subject="VPCs per Region", holds=there + made <= most, found=found, fix="ask for more, or use network.existing"
    )
    wanted = [
        inputs
        for inputs in stack.inputs("aws:ec2/vpcEndpoint:VpcEndpoint")
        if inputs.get("vpcEndpointType") == "Interface"
    ]
    offered = set(ec2.describe_vpc_endpoint_services()["ServiceNames"])
    for service in sorted({inputs["serviceName"] for inputs in wanted} - offered):
        yield Finding(
            subject=service,
            holds=False,
            found=f"no such endpoint service in {stack.region}",
            fix="choose a region that has it, or leave out what calls it",
        )


def closed(stack: Stack) -> Iterator[Finding]:
    """Services that take no new customers."""
    if stack.inputs("aws:sagemaker/monitoringSchedule:MonitoringSchedule"):
        schedules = stack.client("sagemaker").list_monitoring_schedules(MaxResults=1)["MonitoringScheduleSummaries"]
        yield Finding(
            subject="SageMaker Model Monitor",
            holds=True if schedules else None,
            found="closed to new customers since 2026-07-30; "
            + ("this account has schedules" if schedules else "none here"),
            fix="monitoring.engine: platform",
        )


#: Every check, by what it is about.
CHECKS: Final[Mapping[str, Callable[[Stack], Iterator[Finding]]]] = {
    "Lambda concurrency": concurrency,
    "SageMaker instances": instances,
    "network": networks,
    "closed services": closed,
}


def _quotas(stack: Stack, service: str) -> dict[str, float]:
    """Quotas of a service in the region by name: what the account has, else AWS's default."""
    client = stack.client("service-quotas")
    found: dict[str, float] = {}
    for operation in ("list_aws_default_service_quotas", "list_service_quotas"):
        for page in client.get_paginator(operation).paginate(ServiceCode=service):
            found |= {quota["QuotaName"]: quota["Value"] for quota in page["Quotas"]}
    return found
