from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.ground import vpc
from components.ground.endpoints import Offer
from components.ground.vpc import Site
from settings.network import CreatedNetwork
from tests.components.engine import NoAnswer, deploy

ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
SERVICE = "aws:ec2/getVpcEndpointService:getVpcEndpointService"
CALLERS = {"sns": ("rollback",), "ssm": ("rollback",)}


def surveyed(
    region: str = "eu-west-1", *, zones: str = "cab", offered: str = "abcdef", lacking: str = "", **create: Any
) -> tuple[Site, list[dict[str, Any]]]:
    """What the survey finds in a region with these zones, where services are offered in some; and what it asked."""
    asked: list[dict[str, Any]] = []
    sites: list[Site] = []

    def service(args: dict[str, Any]) -> dict[str, Any]:
        asked.append(args)
        *_, name = args["filters"][0]["values"]
        if name.endswith(f".{lacking}"):
            raise NoAnswer("no matching EC2 VPC Endpoint Service found")
        return {"serviceName": name, "availabilityZones": [f"{region}{zone}" for zone in offered]}

    def run() -> None:
        sites.append(vpc.survey(region, CreatedNetwork(**create), CALLERS, pulumi.InvokeOptions()))

    invokes = {ZONES: {"names": [f"{region}{zone}" for zone in zones]}, SERVICE: service}
    deploy(run, invokes=invokes)
    return sites[0], asked


def test_the_first_zones_are_used_and_every_service_is_asked_for_by_type() -> None:
    site, asked = surveyed(zones="dcab")
    assert site.zones == ("eu-west-1a", "eu-west-1b", "eu-west-1c")
    everywhere = frozenset(f"eu-west-1{zone}" for zone in "abcdef")
    assert site.offers == {
        service: Offer(name=f"com.amazonaws.eu-west-1.{service}", zones=everywhere) for service in ("s3", "sns", "ssm")
    }
    assert [args["serviceType"] for args in asked] == ["Gateway", "Interface", "Interface"]
    assert asked[1]["filters"] == [{"name": "service-name", "values": ["com.amazonaws.eu-west-1.sns"]}]


def test_in_china_aws_says_which_of_two_names_a_service_has() -> None:
    site, asked = surveyed("cn-north-1")
    assert asked[2]["filters"][0]["values"] == ["com.amazonaws.cn-north-1.ssm", "cn.com.amazonaws.cn-north-1.ssm"]
    assert site.offers["ssm"].name == "cn.com.amazonaws.cn-north-1.ssm"


def refusal(**given: Any) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        surveyed(**given)
    return str(caught.value)


def test_too_few_zones_are_refused() -> None:
    assert refusal(zones="ab") == (
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
            lambda: vpc.survey("eu-west-1", CreatedNetwork(), CALLERS, pulumi.InvokeOptions()),
            invokes={ZONES: {"names": ["eu-west-1a", "eu-west-1b", "eu-west-1c"]}, SERVICE: denied},
        )
