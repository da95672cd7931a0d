from __future__ import annotations

import functools
from typing import Any

import pytest

from tests.components.engine import Deployment, deploy, ground, is_unknown, policy

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
CALLERS = {
    "kms-fips": ("also_reach",),
    "sagemaker.api": ("evaluation", "rollback"),
    "sns": ("also_reach", "rollback"),
}


@functools.cache
def network(*, preview: bool = False, **create: Any) -> Deployment:
    return deploy(lambda: ground(network={"create": create}, callers=CALLERS), preview=preview)


def specs(**create: Any) -> list[tuple[str, int]]:
    return [(spec["type"], spec["cidrMask"]) for spec in network(**create).one("network-vpc").inputs["subnetSpecs"]]


def test_a_zone_has_a_private_subnet_and_room_for_a_public_one() -> None:
    assert specs() == [("Private", 19), ("Unused", 19)]
    assert specs(nat="single") == specs(nat="per_az") == [("Private", 19), ("Public", 19)]
    assert specs(workload_subnets="public") == [("Unused", 19), ("Public", 19)]
    assert specs(cidr="10.1.0.0/24") == [("Private", 27), ("Unused", 27)]


@pytest.mark.parametrize("zones", [2, 3, 4])
def test_every_zone_has_a_quarter_of_the_range_however_many_there_are(zones: int) -> None:
    vpc = network(cidr="10.1.0.0/16", zones=zones).one("network-vpc").inputs
    assert vpc["cidrBlock"] == "10.1.0.0/16"
    assert vpc["availabilityZoneNames"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c", "eu-west-1d"][:zones]
    assert vpc["availabilityZoneCidrMask"] == 18
    assert vpc["natGateways"] == {"strategy": "None"}
    assert vpc["enableDnsHostnames"] is True
    assert vpc["enableDnsSupport"] is True


def test_nat_brings_public_subnets_and_a_described_way_out() -> None:
    deployment = network(nat="per_az")
    assert deployment.one("network-vpc").inputs["natGateways"] == {"strategy": "OnePerAz"}
    rule = deployment.one("network-workloads-to-internet").inputs
    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) == ("0.0.0.0/0", 443, 443)
    assert deployment.one("network-endpoint-sns").inputs["subnetIds"] == ["subnet-private0", "subnet-private1"]


@pytest.mark.parametrize("endpoint_zones", [1, 2, 3])
def test_every_service_that_is_called_has_an_endpoint_in_as_many_zones_as_are_asked_for(endpoint_zones: int) -> None:
    deployment = network(endpoint_zones=endpoint_zones)
    assert deployment.names(ENDPOINT) == sorted(f"network-endpoint-{s}" for s in (*CALLERS, "s3"))
    for service, callers in CALLERS.items():
        endpoint = deployment.one(f"network-endpoint-{service}").inputs
        assert endpoint["serviceName"] == f"com.amazonaws.eu-west-1.{service}"
        assert endpoint["vpcEndpointType"] == "Interface"
        assert endpoint["privateDnsEnabled"] is True
        assert endpoint["subnetIds"] == [f"subnet-private{zone}" for zone in range(endpoint_zones)]
        assert endpoint["securityGroupIds"] == ["sg-networkendpointsgroup"]
        assert endpoint["tags"]["Callers"] == " ".join(callers)


def test_an_endpoint_serves_the_roles_that_call_it_and_the_account_where_the_stack_asks_for_it() -> None:
    mine = {"aws:PrincipalAccount": "123456789012"}
    everything = {"Effect": "Allow", "Principal": "*", "Action": ["*"], "Resource": ["*"]}
    roles = [f"arn:aws:iam::123456789012:role/mlplatform/staging/*-{job}" for job in ("evaluation", "rollback")]
    deployment = network()
    assert policy(deployment.one("network-endpoint-sagemaker.api")) == {
        "RolesThatCall": {
            **everything,
            "Condition": {"StringEquals": mine, "ArnLike": {"aws:PrincipalArn": roles}},
        }
    }
    for service in ("kms-fips", "sns"):
        assert policy(deployment.one(f"network-endpoint-{service}")) == {
            "PrincipalsOfThisAccount": {**everything, "Condition": {"StringEquals": mine}}
        }


def test_s3_goes_through_the_gateway_of_every_route_table() -> None:
    endpoint = network(zones=2).one("network-endpoint-s3")
    assert endpoint.inputs["vpcEndpointType"] == "Gateway"
    assert [table.rpartition("::")[2] for table in endpoint.inputs["routeTableIds"]] == ["rtb-0", "rtb-1"]
    statements = policy(endpoint)
    assert set(statements) == {"BucketsOfThisAccount"}
    assert statements["BucketsOfThisAccount"]["Condition"] == {
        "StringEquals": {"aws:PrincipalAccount": "123456789012", "aws:ResourceAccount": "123456789012"}
    }


def test_nothing_is_open_by_default() -> None:
    deployment = network()
    default = deployment.one("network-default-group")
    assert default.inputs == {"vpcId": "vpc-network-vpc"}
    rules = deployment.all(EGRESS) + deployment.all(INGRESS)
    assert {rule.name for rule in rules} == {
        "network-endpoints-from-workloads",
        "network-workloads-from-each-other",
        "network-workloads-to-each-other",
        "network-workloads-to-endpoints",
        "network-workloads-to-s3",
    }
    for rule in rules:
        assert rule.inputs["description"]
        assert not {"cidrIpv4", "cidrIpv6"} & set(rule.inputs)
    assert deployment.one("network-workloads-to-s3").inputs["prefixListId"] == "pl-network-endpoint-s3"


def test_flow_logs_are_complete_and_encrypted() -> None:
    deployment = network()
    group = deployment.one("network-flow-logs")
    assert group.inputs == {
        "name": "/aws/vpc/flow-logs/mlplatform-staging",
        "kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/keys-logs",
        "retentionInDays": 365,
    }
    log = deployment.one("network-flow-log").inputs
    assert log["trafficType"] == "ALL"
    assert log["iamRoleArn"] == "arn:aws:iam::123456789012:role/mlplatform/staging/mlplatform-staging-flow-logs"
    role = policy(deployment.one("network-flow-logs-role-policy"))
    assert role["WriteLogs"]["Resource"] == [
        "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vpc/flow-logs/mlplatform-staging",
        "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vpc/flow-logs/mlplatform-staging:*",
    ]


def test_a_preview_of_an_empty_account_knows_nothing_and_declares_all() -> None:
    preview, update = network(preview=True), network()
    assert sorted((r.type, r.name) for r in preview.resources) == sorted((r.type, r.name) for r in update.resources)
    assert is_unknown(preview.one("network-endpoint-sns").inputs["subnetIds"])
