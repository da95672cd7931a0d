"""The network of both stacks, as `synth` shows it."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from local.runtime import Stack

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
SUBNET = "aws:ec2/subnet:Subnet"


def inputs(document: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each["inputs"] for each in document["resources"] if each["type"] == kind}


def test_every_interface_endpoint_names_who_calls_it(steady: dict[str, Any], stack: str) -> None:
    found = {name: each for name, each in inputs(steady, ENDPOINT).items() if each["vpcEndpointType"] == "Interface"}
    assert {name.removeprefix("network-endpoint-"): each["tags"]["Callers"] for name, each in found.items()} == {
        "monitoring": "drift",
        "sagemaker.api": "evaluation retraining rollback",
        "sns": "retraining rollback",
        "ssm": "evaluation retraining rollback",
    }
    assert {len(each["subnetIds"]) for each in found.values()} == {{"staging": 1, "prod": 2}[stack]}


def subnets(**create: Any) -> dict[str, str]:
    written = {"cidr": "10.20.0.0/16", "endpoint_zones": 1, **create}
    document = Stack("staging", config_overrides={"network": {"create": written}}).synth(bootstrap=True)
    return {name: each["cidrBlock"] for name, each in inputs(document, SUBNET).items()}


def test_a_zone_more_and_nat_move_no_subnet() -> None:
    two, three, with_nat = subnets(zones=2), subnets(zones=3), subnets(zones=3, nat="per_az")
    assert two == {"network-vpc-private-1": "10.20.0.0/19", "network-vpc-private-2": "10.20.64.0/19"}
    assert three == two | {"network-vpc-private-3": "10.20.128.0/19"}
    assert with_nat == three | {
        "network-vpc-public-1": "10.20.32.0/19",
        "network-vpc-public-2": "10.20.96.0/19",
        "network-vpc-public-3": "10.20.160.0/19",
    }
    ranges = [IPv4Network(cidr) for cidr in with_nat.values()]
    assert all(not a.overlaps(b) for a in ranges for b in ranges if a is not b)


def test_the_smallest_network_has_room_too() -> None:
    assert subnets(cidr="10.20.0.0/24", zones=3) == {
        "network-vpc-private-1": "10.20.0.0/27",
        "network-vpc-private-2": "10.20.0.64/27",
        "network-vpc-private-3": "10.20.0.128/27",
    }


def test_a_stack_on_an_existing_network_is_synthesised_too() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    subnets = ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]
    written = {
        "network": {"existing": {"vpc_id": "vpc-0a1b2c3d", "subnet_ids": subnets}},
        "keys": {"existing": key},
        "lake": {"access_log_bucket": "central-access-logs"},
    }
    document = Stack("staging", config_overrides=written).synth()
    types = {each["type"] for each in document["resources"]}
    assert not types & {ENDPOINT, SUBNET, "aws:ec2/vpc:Vpc", "aws:kms/key:Key"}
    models = inputs(document, "aws:sagemaker/model:Model")
    assert {tuple(each["vpcConfig"]["subnets"]) for each in models.values()} == {tuple(subnets)}
    logs = inputs(document, "aws:cloudwatch/logGroup:LogGroup")
    assert {each["kmsKeyId"] for each in logs.values()} == {key}
