from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pulumi
import pytest

from components.ground import endpoints, vpc
from components.ground.endpoints import Offer
from components.ground.vpc import Site
from contracts.names import Names
from settings.network import CreatedNetwork
from tests.components.engine import ACCOUNT, NoAnswer, deploy

ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
SUBNETS, SUBNET = "aws:ec2/getSubnets:getSubnets", "aws:ec2/getSubnet:getSubnet"
SERVICE = "aws:ec2/getVpcEndpointService:getVpcEndpointService"
CALLERS = {"sns": ("rollback",), "ssm": ("rollback",)}


def names(region: str = "eu-west-1") -> Names:
    return Names(stack="staging", account=ACCOUNT, region=region)


def surveyed(
    region: str = "eu-west-1",
    *,
    available: str = "cab",
    offered: str = "abcdef",
    lacking: str = "",
    standing: Mapping[str, str] = MappingProxyType({}),
    **create: Any,
) -> tuple[Site, list[dict[str, Any]]]:
    """What the survey finds in a region with these zones, where services are offered in some, and where the stack has
    subnets by range, each in a zone; and what it asked."""
    asked: list[dict[str, Any]] = []
    sites: list[Site] = []

    def service(args: dict[str, Any]) -> dict[str, Any]:
        asked.append(args)
        *_, name = args["filters"][0]["values"]
        if name.endswith(f".{lacking}"):
            raise NoAnswer("no matching EC2 VPC Endpoint Service found")
        return {"serviceName": name, "availabilityZones": [f"{region}{zone}" for zone in offered]}

    def run() -> None:
        sites.append(vpc.survey(names(region), CreatedNetwork(**create), CALLERS, pulumi.InvokeOptions()))

    def subnets(args: dict[str, Any]) -> dict[str, Any]:
        assert args["filters"] == [
            {"name": "tag:Project", "values": ["ml-platform"]},
            {"name": "tag:Environment", "values": ["staging"]},
            {"name": "tag-key", "values": ["Tier"]},
        ]
        return {"ids": list(standing)}

    def subnet(args: dict[str, Any]) -> dict[str, Any]:
        return {"cidrBlock": args["id"], "availabilityZone": f"{region}{standing[args['id']]}"}

    invokes = {
        ZONES: {"names": [f"{region}{zone}" for zone in available]},
        SERVICE: service,
        SUBNETS: subnets,
        SUBNET: subnet,
    }
    deploy(run, invokes=invokes)
    return sites[0], asked


def test_the_first_zones_are_used_and_every_service_is_asked_for_by_type() -> None:
    site, asked = surveyed(available="dcab")
    assert site.zones == ("eu-west-1a", "eu-west-1b", "eu-west-1c")
    everywhere = frozenset(f"eu-west-1{zone}" for zone in "abcdef")
    assert site.offers == {
        service: Offer(name=f"com.amazonaws.eu-west-1.{service}", zones=everywhere) for service in ("s3", "sns", "ssm")
    }
    assert [args["serviceType"] for args in asked] == ["Gateway", "Interface", "Interface"]
    assert asked[1]["filters"] == [{"name": "service-name", "values": ["com.amazonaws.eu-west-1.sns"]}]


def test_the_endpoint_of_tracking_servers_has_a_name_of_sagemakers_own() -> None:
    asked: list[dict[str, Any]] = []

    def service(args: dict[str, Any]) -> dict[str, Any]:
        asked.append(args)
        return {"serviceName": args["filters"][0]["values"][-1], "availabilityZones": ["cn-north-1a"]}

    def run() -> None:
        found = endpoints.offers("cn-north-1", ["experiments"], pulumi.InvokeOptions())
        assert found["experiments"].name == "aws.sagemaker.cn-north-1.experiments"

    deploy(run, invokes={SERVICE: service})
    assert asked[1]["filters"] == [{"name": "service-name", "values": ["aws.sagemaker.cn-north-1.experiments"]}]


#: Of the default range's four quarters, with a private and a free half each: subnets as a stack of two zones has them.
QUARTERS = ("10.20.0.0/19", "10.20.64.0/19", "10.20.128.0/19", "10.20.192.0/19")
TWO = {QUARTERS[0]: "b", QUARTERS[1]: "c"}


@pytest.mark.parametrize(
    ("available", "standing", "wanted", "found"),
    [
        ("bcd", TWO, 2, "bc"),
        ("abcd", TWO, 2, "bc"),  # a is new, and comes first by name
        ("cd", TWO, 2, "bc"),  # b is away
        ("abcd", TWO, 3, "bca"),  # the third range gets another zone
        ("abcd", TWO, 4, "bcad"),
        ("bcd", {QUARTERS[1]: "b"}, 2, "cb"),  # of a first update that stopped half way
        ("abc", {QUARTERS[0]: "c", QUARTERS[1]: "b", QUARTERS[2]: "a"}, 2, "cb"),
        ("bcd", {"10.9.0.0/19": "d"}, 2, "bc"),  # of another VPC
        ("bcd", {"10.20.32.0/19": "d"}, 2, "db"),  # public ones stand in the other half of a range
    ],
)
def test_a_range_stays_in_the_zone_where_the_stack_has_subnets(
    available: str, standing: Mapping[str, str], wanted: int, found: str
) -> None:
    site, _ = surveyed(available=available, standing=standing, zones=wanted)
    assert site.zones == tuple(f"eu-west-1{zone}" for zone in found)


def test_zones_that_are_away_count_for_what_stands_in_them_alone() -> None:
    assert refusal(available="cd", standing=TWO, zones=4) == (
        "network.create.zones: found 4; allowed: up to 3 in eu-west-1 (eu-west-1b, eu-west-1c, eu-west-1d); "
        "lower it, or take another region"
    )


def test_in_china_aws_says_which_of_two_names_a_service_has() -> None:
    site, asked = surveyed("cn-north-1")
    assert asked[2]["filters"][0]["values"] == ["com.amazonaws.cn-north-1.ssm", "cn.com.amazonaws.cn-north-1.ssm"]
    assert site.offers["ssm"].name == "cn.com.amazonaws.cn-north-1.ssm"


def refusal(**given: Any) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        surveyed(**given)
    return str(caught.value)


def test_too_few_zones_are_refused() -> None:
    assert refusal(available="ab") == (
        "network.create.zones: found 3; allowed: up to 2 in eu-west-1 (eu-west-1a, eu-west-1b); "
        "lower it, or take another region"
    )


def test_a_service_without_an_endpoint_in_the_region_is_refused() -> None:
    assert refusal(lacking="sns") == (
        "VPC endpoints: found none in eu-west-1 for sns; allowed: services that have one there; "
        "take another region, or correct the service's name in network.also_reach"
    )


def test_an_endpoint_stands_in_zones_that_have_it_and_too_few_of_them_are_refused() -> None:
    assert refusal(offered="bd") == (
        "network.create.endpoint_zones: found 2; allowed: up to 1, because of the zones eu-west-1a, eu-west-1b, "
        "eu-west-1c so many have endpoints of com.amazonaws.eu-west-1.sns; lower it, or raise network.create.zones"
    )
    site, _ = surveyed(offered="bd", endpoint_zones=1)
    assert vpc.endpoints.chosen_zones(site.offers["sns"], site.zones, 1) == [1]


def test_any_other_failure_of_a_data_source_stays_one() -> None:
    def denied(_: object) -> object:
        raise NoAnswer("UnauthorizedOperation: you may not")

    with pytest.raises(Exception, match="UnauthorizedOperation: you may not"):
        deploy(
            lambda: vpc.survey(names(), CreatedNetwork(), CALLERS, pulumi.InvokeOptions()),
            invokes={
                ZONES: {"names": ["eu-west-1a", "eu-west-1b", "eu-west-1c"]},
                SUBNETS: {"ids": []},
                SERVICE: denied,
            },
        )
