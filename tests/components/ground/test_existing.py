from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.ground.existing import Found, endpoint_faults, host_faults, subnet_faults
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


def of_subnets(hosts: int = 1, **changes: Any) -> list[str]:
    """What is said when one subnet differs."""
    return list(subnet_faults(replace(GOOD, subnets=(subnet(0), replace(subnet(1), **changes))), hosts))


def of_endpoints(settings: ExistingNetwork = SETTINGS, **changes: Any) -> list[str]:
    return list(endpoint_faults(replace(GOOD, **changes), settings, CALLERS))


def sns(**changes: Any) -> dict[str, Any]:
    endpoint = GOOD.endpoints["sns"]
    assert endpoint is not None
    return {"endpoints": {**GOOD.endpoints, "sns": replace(endpoint, **changes)}}


def rule(**changes: Any) -> dict[str, Any]:
    return {"rules": {GROUP: (replace(FROM_VPC, **changes),)}}


def test_a_network_with_all_that_is_needed_is_taken() -> None:
    assert [*subnet_faults(GOOD, 1), *endpoint_faults(GOOD, SETTINGS, CALLERS)] == []


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


def test_each_further_host_of_a_job_takes_two_addresses_more() -> None:
    assert of_subnets(3, free_addresses=20) == []
    assert of_subnets(3, free_addresses=19) == [
        "subnet_ids: found subnet-0a1b2c3e with 19 free addresses; allowed: 20 or more; "
        "free some, or name larger subnets"
    ]


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


OWN = "sg-ffffffff"
ALL_IN = Rule(egress=False, protocol="-1", from_port=-1, to_port=-1, cidr=None, group_id=OWN)
ALL_OUT = replace(ALL_IN, egress=True)
ONE_BY_ONE = tuple(
    replace(each, protocol=protocol, from_port=first, to_port=last)
    for each in (ALL_IN, ALL_OUT)
    for protocol, first, last in (("tcp", 0, 65535), ("udp", 500, 500), ("50", -1, -1))
)


def kept(*rules: Rule) -> list[str]:
    """What is said of a group of the stack's own config where jobs have several hosts."""
    return [line.partition(";")[0] for line in host_faults(replace(GOOD, workload_rules=rules), OWN)]


@pytest.mark.parametrize(
    "rules",
    [
        (ALL_IN, ALL_OUT),
        ONE_BY_ONE,
        (ALL_IN, replace(ALL_OUT, group_id=None, cidr="0.0.0.0/0")),
        (ALL_IN, replace(ALL_OUT, group_id=None, cidr="10.0.0.0/23")),
    ],
)
def test_a_group_that_lets_its_members_reach_each_other_does_for_several_hosts(rules: tuple[Rule, ...]) -> None:
    assert kept(*rules) == []


@pytest.mark.parametrize("changes", [{"group_id": "sg-eeeeeeee"}, {"group_id": None, "cidr": "10.0.0.0/24"}])
def test_a_rule_about_others_leads_to_no_host_of_the_job(changes: dict[str, Any]) -> None:
    everything = "TCP from port 1024 on, UDP to port 500, protocol 50 (ESP)"
    said = f"security_group_id: sg-ffffffff keeps {everything} to hosts of the same training job"
    assert kept(ALL_IN, replace(ALL_OUT, **changes)) == [said]


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        (0, "TCP from port 1024 on from"),
        (1, "UDP to port 500 from"),
        (2, "protocol 50 (ESP) from"),
        (3, "TCP from port 1024 on to"),
    ],
)
def test_what_a_group_keeps_from_the_hosts_of_a_job_is_named(left_out: int, said: str) -> None:
    rules = ONE_BY_ONE[:left_out] + ONE_BY_ONE[left_out + 1 :]
    assert kept(*rules) == [f"security_group_id: sg-ffffffff keeps {said} hosts of the same training job"]


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
