"""VPC endpoints: how AWS names them in the stack's region, in which zones it offers them, and whom they serve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.reach import OUTSIDERS
from contracts import partitions
from contracts.names import Names

S3: Final = "s3"
#: The service that serves layers of images, from S3.
LAYERS: Final = "ecr.dkr"
#: Services of SageMaker whose endpoints are called in another way (SageMaker developer guide, "Connect to SageMaker AI
#: Within your VPC", read 2026-11-30): that of MLflow's tracking servers.
_OF_SAGEMAKER: Final = frozenset({"experiments"})
_Answer = TypeVar("_Answer")
#: How the provider says that a data source finds nothing.
_NOTHING: Final = ("no matching", "couldn't find resource")


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What AWS offers for a service: the `name` of its endpoint service, and the names of the zones that have it."""

    name: str
    zones: frozenset[str]


def found(ask: Callable[[], _Answer]) -> _Answer | None:
    """The answer of a data source, None where nothing matches; every other failure stays one."""
    try:
        return ask()
    except Exception as error:  # the SDK has no type for a data source's failure
        if not any(words in str(error) for words in _NOTHING):
            raise
        return None


def offers(region: str, services: Iterable[str], lookup: pulumi.InvokeOptions) -> dict[str, Offer]:
    """Service -> what AWS offers for it in the region: S3 by gateway, the others by interface endpoints.

    In China some names begin with `com.amazonaws` and some with `cn.com.amazonaws`, so AWS is asked. Raises RunError
    with every service that has no endpoint in the region.
    """
    prefixes = dict.fromkeys(("com.amazonaws", partitions.of(region).reverse_dns))

    def named(service: str) -> Iterable[str]:
        return ["aws.sagemaker"] if service in _OF_SAGEMAKER else prefixes

    def ask(service: str) -> aws.ec2.AwaitableGetVpcEndpointServiceResult:
        return aws.ec2.get_vpc_endpoint_service(
            filters=[{"name": "service-name", "values": [f"{prefix}.{region}.{service}" for prefix in named(service)]}],
            service_type="Gateway" if service == S3 else "Interface",
            opts=lookup,
        )

    answers = {service: found(lambda s=service: ask(s)) for service in (S3, *services)}
    if missing := [service for service, answer in answers.items() if answer is None]:
        raise pulumi.RunError(
            f"VPC endpoints: found none in {region} for {', '.join(missing)}; allowed: services that have one there; "
            "take another region, or correct the service's name in network.also_reach"
        )
    return {s: Offer(name=a.service_name, zones=frozenset(a.availability_zones)) for s, a in answers.items() if a}


def chosen_zones(offer: Offer, zones: Sequence[str], count: int) -> list[int]:
    """Positions of the first `count` of the network's zones in which the service has endpoints.

    Raises RunError where there are fewer.
    """
    usable = [index for index, zone in enumerate(zones) if zone in offer.zones]
    if len(usable) < count:
        raise pulumi.RunError(
            f"network.create.endpoint_zones: found {count}; allowed: up to {len(usable)}, because of the zones "
            f"{', '.join(zones)} so many have endpoints of {offer.name}; lower it, or raise network.create.zones"
        )
    return usable[:count]


def endpoint_policy(names: Names, callers: Sequence[str]) -> list[Statement]:
    """Whom an interface endpoint serves: the roles of the jobs that call its service, in every workload.

    With `also_reach` among the callers, everybody in this account. The endpoint leads to its own service only, so
    every action stands for those of that service, however IAM spells its name.
    """
    mine = {"StringEquals": {"aws:PrincipalAccount": names.account}}
    roles = [names.job_arn(f"*-{job}") for job in callers if job != OUTSIDERS]
    statements = [
        access.grant("RolesThatCall", ["*"], ["*"], "*", conditions={**mine, "ArnLike": {"aws:PrincipalArn": roles}})
    ]
    everybody = [access.grant("PrincipalsOfThisAccount", ["*"], ["*"], "*", conditions=mine)]
    return everybody if OUTSIDERS in callers else statements


def s3_endpoint_policy(names: Names, services: Iterable[str] = ()) -> list[Statement]:
    """S3 through the gateway: principals and buckets of this account only.

    Layers of images pass only where tasks of ECS pull them from inside the VPC, which have an endpoint for `ecr.dkr`
    among `services`; ECR keeps them in a bucket of AWS's and hands out signed addresses (Amazon ECR user guide, "Amazon
    ECR interface VPC endpoints"). SageMaker pulls its jobs' images from outside.
    """
    mine = {"StringEquals": {"aws:PrincipalAccount": names.account, "aws:ResourceAccount": names.account}}
    own = access.grant("BucketsOfThisAccount", ["s3:*"], ["*"], "*", conditions=mine)
    if LAYERS not in services:
        return [own]
    layers = f"arn:{names.partition}:s3:::prod-{names.region}-starport-layer-bucket/*"
    alone = {"Bool": {"aws:SecureTransport": "true"}}  # who signed is AWS, whose account nobody promises
    return [own, access.grant("LayersOfImages", ["s3:GetObject"], [layers], "*", conditions=alone)]


def tags(names: Names, service: str, callers: Sequence[str]) -> Mapping[str, str]:
    """Whose endpoint it is, and for whom it is paid."""
    return {"Name": names.resource(service.replace(".", "-")), "Callers": " ".join(callers)}
