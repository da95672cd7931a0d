from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.ground.existing import Found, endpoint_faults, subnet_faults
from components.ground.look_up import Endpoint, Rule, Subnet, VpcFacts
from settings.network import ExistingNetwork
from tests.components.engine import Deployment, deploy, ground

VPC, SUBNETS, GROUP = "vpc-0a1b2c3d", ("subnet-0a1b2c3d", "subnet-0a1b2c3e"), "sg-0a1b2c3d"
CALLERS = {"sns": ("rollback", "retraining")}
SETTINGS = ExistingNetwork(vpc_id=VPC, subnet_ids=SUBNETS)
FROM_VPC = Rule(egress=False, protocol="tcp", from_port=443, to_port=443, cidr="10.0.0.0/16", group_id=None)
TO_VPC = replace(FROM_VPC, egress=True)


def subnet(number: int) -> Subnet:
    return Subnet(
        id=SUBNETS[number],
        vpc_id=VPC,
        zone=f"eu-west-1{'ab'[number]}",
        cidr=f"10.0.{number}.0/24",
        free_addresses=251,
        route_table_id="rtb-1",
        way_out=None,
    )


GOOD = VpcFacts(
    id=VPC,
    dns=True,
    subnets=(subnet(0), subnet(1)),
    endpoints={
        "s3": Endpoint(
            id="vpce-s3", private_dns=False, group_ids=(), route_table_ids=("rtb-1",), prefix_list_id="pl-1"
        ),
        "sns": Endpoint(id="vpce-sns", private_dns=True, group_ids=(GROUP,), route_table_ids=()),
    },
    rules={GROUP: (FROM_VPC,)},
    workload_rules=(),
)


def of_subnets(**changes: Any) -> list[str]:
    """What is said when one subnet differs."""
    return list(subnet_faults(replace(GOOD, subnets=(subnet(0), replace(subnet(1), **changes)))))


def of_endpoints(settings: ExistingNetwork = SETTINGS, **changes: Any) -> list[str]:
    return list(endpoint_faults(replace(GOOD, **changes), settings, CALLERS))


def sns(**changes: Any) -> dict[str, Any]:
    endpoint = GOOD.endpoints["sns"]
    assert endpoint is not None
    return {"endpoints": {**GOOD.endpoints, "sns": replace(endpoint, **changes)}}


def rule(**changes: Any) -> dict[str, Any]:
    return {"rules": {GROUP: (replace(FROM_VPC, **changes),)}}


def test_a_network_with_all_that_is_needed_is_taken() -> None:
    assert [*subnet_faults(GOOD), *endpoint_faults(GOOD, SETTINGS, CALLERS)] == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"way_out": "igw-1"},
            "subnet_ids: found subnet-0a1b2c3e, which is public: rtb-1 leads to igw-1; allowed: private ones; "
            "name subnets whose route table has no internet gateway",
        ),
        (
            {"vpc_id": "vpc-ffffffff"},
            "subnet_ids: found subnet-0a1b2c3e, which is in vpc-ffffffff; allowed: subnets of vpc-0a1b2c3d",
        ),
        (
            {"free_addresses": 15},
            "subnet_ids: found subnet-0a1b2c3e with 15 free addresses; allowed: 16 or more; "
            "free some, or name larger subnets",
        ),
        (
            {"zone": "eu-west-1a"},
            "subnet_ids: found subnets in eu-west-1a only; allowed: 2 zones or more; name a subnet in another zone",
        ),
    ],
)
def test_a_subnet_that_does_not_do_is_named(changes: dict[str, Any], line: str) -> None:
    assert of_subnets(**changes) == [line]
    assert of_subnets(free_addresses=16) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"dns": False},
            "vpc_id: found vpc-0a1b2c3d with DNS support or host names off; allowed: both on; have its owner do that",
        ),
        (
            {"endpoints": {**GOOD.endpoints, "sns": None}},
            "endpoints: found none for sns, which rollback, retraining calls; allowed: one with private DNS, or "
            "missing_endpoints: accept where the network has another way; have its owner add it",
        ),
        (
            {"endpoints": {**GOOD.endpoints, "s3": None}},
            "endpoints: found none for s3, which every job calls; allowed: one with private DNS, or "
            "missing_endpoints: accept where the network has another way; have its owner add it",
        ),
        (
            sns(private_dns=False),
            "endpoints: vpce-sns for sns has private DNS off; allowed: on, because the SDKs call the service by its "
            "public name; have its owner switch it on",
        ),
        (
            {"subnets": (subnet(0), replace(subnet(1), route_table_id="rtb-2"))},
            "endpoints: vpce-s3 for s3 is not in rtb-2, the route table of subnet-0a1b2c3e; "
            "allowed: in the route table of every subnet; have its owner add it",
        ),
    ],
)
def test_an_endpoint_that_does_not_do_is_named(changes: dict[str, Any], line: str) -> None:
    assert of_endpoints(**changes) == [line]


@pytest.mark.parametrize(
    ("changes", "admitted"),
    [
        (rule(cidr="10.0.1.0/24"), False),  # of one subnet only
        (rule(from_port=80, to_port=80), False),
        (rule(from_port=0, to_port=65535), True),
        (rule(protocol="-1", from_port=-1, to_port=-1), True),
        (rule(protocol="udp"), False),
        (rule(egress=True), False),
        (rule(cidr=None, group_id="sg-ffffffff"), False),
        (sns(group_ids=()), False),
    ],
)
def test_the_endpoints_group_must_let_the_workloads_in(changes: dict[str, Any], admitted: bool) -> None:
    line = (
        "endpoints: vpce-sns for sns does not let the workloads in; allowed: a security group with an ingress rule "
        "for port 443 from 10.0.0.0/24, 10.0.1.0/24; have its owner add it"
    )
    assert of_endpoints(**changes) == ([] if admitted else [line])


def test_a_group_that_the_stack_names_may_be_admitted_itself_and_must_lead_out() -> None:
    settings = ExistingNetwork(vpc_id=VPC, subnet_ids=SUBNETS, security_group_id="sg-ffffffff")
    admitted = rule(cidr=None, group_id="sg-ffffffff")
    assert of_endpoints(settings, **admitted, workload_rules=(TO_VPC,)) == []
    assert of_endpoints(settings, **admitted, workload_rules=(FROM_VPC,)) == [
        "security_group_id: sg-ffffffff lets no HTTPS out to the endpoints; "
        "allowed: an egress rule for port 443 to them; have its owner add it"
    ]


def test_what_is_accepted_to_be_missing_is_no_fault() -> None:
    accepting = ExistingNetwork(vpc_id=VPC, subnet_ids=SUBNETS, missing_endpoints="accept")
    assert of_endpoints(accepting, endpoints={**GOOD.endpoints, "sns": None}) == []


def taken(**changes: Any) -> Deployment:
    found = Found(
        vpc_id=VPC,
        subnet_ids=SUBNETS,
        security_group_id=None,
        endpoint_group_ids=("sg-1", "sg-2"),
        s3_prefix_list_id="pl-1",
        elsewhere=False,
    )
    return deploy(lambda: ground(place=replace(found, **changes)))


def test_of_an_existing_network_only_a_security_group_is_made() -> None:
    deployment = taken()
    made = {r.name: r.inputs for r in deployment.resources if r.type.startswith(("aws:ec2", "aws:vpc", "awsx:"))}
    assert set(made) == {
        "network-workloads-group",
        "network-workloads-to-endpoints",
        "network-workloads-to-endpoints-2",
        "network-workloads-to-s3",
        "network-workloads-from-each-other",
        "network-workloads-to-each-other",
    }
    assert made["network-workloads-group"]["vpcId"] == VPC
    assert made["network-workloads-to-endpoints-2"]["referencedSecurityGroupId"] == "sg-2"
    assert made["network-workloads-to-s3"]["prefixListId"] == "pl-1"
    assert deployment.outputs["network"]["subnetIds"] == list(SUBNETS)


def test_a_group_of_the_network_leaves_nothing_to_make() -> None:
    deployment = taken(security_group_id="sg-ffffffff")
    assert [r.name for r in deployment.resources if r.type.startswith(("aws:ec2", "aws:vpc"))] == []
    assert deployment.outputs["network"]["securityGroupId"] == "sg-ffffffff"


def test_another_way_to_aws_is_open_where_the_network_has_one() -> None:
    rule = taken(elsewhere=True, s3_prefix_list_id=None).one("network-workloads-to-internet").inputs
    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) == ("0.0.0.0/0", 443, 443)
