from __future__ import annotations

import functools
from typing import Any

import pytest
from pulumi_awsx.ec2 import SubnetType

import settings
from components.ground.network import subnet_types
from settings import INTERFACE_ENDPOINTS
from tests.components.engine import Deployment, deploy, ground, is_unknown, policy

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


@functools.cache
def network(*, preview: bool = False, **section: Any) -> Deployment:
    return deploy(lambda: ground(network=section), preview=preview)


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({}, [SubnetType.ISOLATED]),
        ({"nat": "single"}, [SubnetType.PRIVATE, SubnetType.PUBLIC]),
        ({"nat": "per_az"}, [SubnetType.PRIVATE, SubnetType.PUBLIC]),
        ({"workload_subnets": "public"}, [SubnetType.PUBLIC]),
    ],
)
def test_subnets_of_a_zone(section: dict[str, Any], expected: list[SubnetType]) -> None:
    assert subnet_types(settings.Network.model_validate(section)) == expected


def test_the_vpc_has_isolated_subnets_only() -> None:
    vpc = network(cidr="10.1.0.0/16", availability_zones=2).one("network-vpc").inputs
    assert vpc["cidrBlock"] == "10.1.0.0/16"
    assert vpc["numberOfAvailabilityZones"] == 2
    assert vpc["natGateways"] == {"strategy": "None"}
    assert vpc["subnetSpecs"] == [{"type": "Isolated", "name": "isolated", "tags": {"Tier": "isolated"}}]
    assert vpc["enableDnsHostnames"] is True
    assert vpc["enableDnsSupport"] is True


def test_nat_brings_public_subnets_and_a_described_way_out() -> None:
    deployment = network(nat="per_az")
    vpc = deployment.one("network-vpc").inputs
    assert vpc["natGateways"] == {"strategy": "OnePerAz"}
    assert [spec["type"] for spec in vpc["subnetSpecs"]] == ["Private", "Public"]
    rule = deployment.one("network-workloads-to-internet").inputs
    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) == ("0.0.0.0/0", 443, 443)
    assert deployment.one("network-endpoint-kms").inputs["subnetIds"] == [
        "subnet-private0",
        "subnet-private1",
        "subnet-private2",
    ]


def test_every_service_has_an_endpoint_in_every_workload_subnet() -> None:
    deployment = network()
    assert deployment.names(ENDPOINT) == sorted(f"network-endpoint-{s}" for s in (*INTERFACE_ENDPOINTS, "s3"))
    for service in INTERFACE_ENDPOINTS:
        endpoint = deployment.one(f"network-endpoint-{service}")
        assert endpoint.inputs["serviceName"] == f"com.amazonaws.eu-west-1.{service}"
        assert endpoint.inputs["vpcEndpointType"] == "Interface"
        assert endpoint.inputs["privateDnsEnabled"] is True
        assert endpoint.inputs["subnetIds"] == ["subnet-isolated0", "subnet-isolated1", "subnet-isolated2"]
        assert endpoint.inputs["securityGroupIds"] == ["sg-networkendpointsgroup"]
        assert policy(endpoint) == {
            "PrincipalsOfThisAccount": {
                "Effect": "Allow",
                "Principal": "*",
                "Action": [f"{'cloudwatch' if service == 'monitoring' else service.split('.')[0]}:*"],
                "Resource": ["*"],
                "Condition": {"StringEquals": {"aws:PrincipalAccount": "123456789012"}},
            }
        }


def test_s3_goes_through_the_gateway_of_every_route_table() -> None:
    endpoint = network(availability_zones=2).one("network-endpoint-s3")
    assert endpoint.inputs["vpcEndpointType"] == "Gateway"
    assert [table.rpartition("::")[2] for table in endpoint.inputs["routeTableIds"]] == ["rtb-0", "rtb-1"]
    statements = policy(endpoint)
    assert statements["BucketsOfThisAccount"]["Condition"] == {
        "StringEquals": {"aws:PrincipalAccount": "123456789012", "aws:ResourceAccount": "123456789012"}
    }
    assert statements["ImageLayers"]["Action"] == ["s3:GetObject"]
    assert statements["ImageLayers"]["Resource"] == ["arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"]


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
        "name": "/aws/vpc/flow-logs/churn-staging",
        "kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/keys-logs",
        "retentionInDays": 365,
    }
    log = deployment.one("network-flow-log").inputs
    assert log["trafficType"] == "ALL"
    assert log["iamRoleArn"] == "arn:aws:iam::123456789012:role/churn-staging-flow-logs"
    role = policy(deployment.one("network-flow-logs-role-policy"))
    assert role["WriteLogs"]["Resource"] == [
        "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vpc/flow-logs/churn-staging",
        "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vpc/flow-logs/churn-staging:*",
    ]


def test_a_preview_of_an_empty_account_knows_nothing_and_declares_all() -> None:
    preview, update = network(preview=True), network()
    assert sorted((r.type, r.name) for r in preview.resources) == sorted((r.type, r.name) for r in update.resources)
    assert is_unknown(preview.one("network-endpoint-kms").inputs["subnetIds"])
