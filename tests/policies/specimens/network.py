"""A VPC with private subnets, endpoints and flow logs, and a public subnet for a gateway."""

from __future__ import annotations

import json

from policies.guardrails.themes.network_endpoints import CALLS
from tests.policies.support import ACCOUNT, REGION, TAGS, Specimen

ZONES = ("a", "b")
PRIVATE = [f"private-{zone}" for zone in ZONES]


def specimens() -> list[Specimen]:
    """VPC, subnets, routes, endpoints, groups."""
    in_vpc = {"vpcId": ["vpc"]}
    policy = json.dumps(
        {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
                }
            ]
        }
    )
    endpoints = [
        Specimen(
            "ec2/vpcEndpoint",
            f"endpoint-{service}",
            {
                "vpcId": "vpc",
                "serviceName": f"com.amazonaws.{REGION}.{service}",
                "policy": policy,
                **(
                    {"vpcEndpointType": "Gateway"}
                    if service in ("s3", "dynamodb")
                    else {"vpcEndpointType": "Interface", "privateDnsEnabled": True}
                ),
            },
            in_vpc,
        )
        for service in CALLS
    ]
    private = [
        specimen
        for zone in ZONES
        for specimen in (
            Specimen(
                "ec2/subnet",
                f"private-{zone}",
                {"vpcId": "vpc", "availabilityZone": f"{REGION}{zone}", "mapPublicIpOnLaunch": False},
                in_vpc,
            ),
            Specimen("ec2/routeTable", f"routes-{zone}", {"vpcId": "vpc"}, in_vpc),
            Specimen(
                "ec2/routeTableAssociation",
                f"association-{zone}",
                {"subnetId": f"private-{zone}", "routeTableId": f"routes-{zone}"},
                {"subnetId": [f"private-{zone}"], "routeTableId": [f"routes-{zone}"]},
            ),
        )
    ]
    public = [
        Specimen("ec2/internetGateway", "gateway", {"vpcId": "vpc"}, in_vpc),
        Specimen(
            "ec2/subnet",
            "public-a",
            {"vpcId": "vpc", "availabilityZone": f"{REGION}a", "mapPublicIpOnLaunch": True}
            | {"tags": {"tier": "public", **TAGS}},
            in_vpc,
        ),
        Specimen("ec2/routeTable", "routes-public", {"vpcId": "vpc"}, in_vpc),
        Specimen(
            "ec2/route",
            "route-out",
            {"routeTableId": "routes-public", "gatewayId": "gateway", "destinationCidrBlock": "0.0.0.0/0"},
            {"routeTableId": ["routes-public"], "gatewayId": ["gateway"]},
        ),
        Specimen(
            "ec2/routeTableAssociation",
            "association-public",
            {"subnetId": "public-a", "routeTableId": "routes-public"},
            {"subnetId": ["public-a"], "routeTableId": ["routes-public"]},
        ),
        Specimen("ec2/natGateway", "nat", {"subnetId": "public-a"}, {"subnetId": ["public-a"]}),
    ]
    groups = [
        Specimen("ec2/defaultSecurityGroup", "default-group", {"vpcId": "vpc"}, in_vpc),
        Specimen(
            "ec2/securityGroup",
            "workloads",
            {
                "vpcId": "vpc",
                "description": "Jobs and models",
                "ingress": [
                    {
                        "protocol": "tcp",
                        "fromPort": 443.0,
                        "toPort": 443.0,
                        "cidrBlocks": ["10.0.0.0/16"],
                        "description": "HTTPS from the VPC",
                    }
                ],
                "egress": [
                    {
                        "protocol": "tcp",
                        "fromPort": 443.0,
                        "toPort": 443.0,
                        "cidrBlocks": ["10.0.0.0/16"],
                        "description": "HTTPS to the VPC",
                    }
                ],
            },
            in_vpc,
        ),
        Specimen(
            "ec2/securityGroupRule",
            "legacy-rule",
            {
                "type": "ingress",
                "protocol": "tcp",
                "fromPort": 443.0,
                "toPort": 443.0,
                "cidrBlocks": ["10.0.0.0/16"],
                "description": "HTTPS from the VPC",
            },
        ),
        Specimen(
            "ec2/securityGroupRule",
            "legacy-rule-out",
            {
                "type": "egress",
                "protocol": "tcp",
                "fromPort": 443.0,
                "toPort": 443.0,
                "cidrBlocks": ["0.0.0.0/0"],
                "description": "HTTPS to everywhere",
            },
        ),
        Specimen(
            "vpc/securityGroupIngressRule",
            "https-in",
            {"cidrIpv4": "10.0.0.0/16", "ipProtocol": "tcp", "description": "HTTPS from the VPC"},
        ),
        Specimen(
            "vpc/securityGroupEgressRule",
            "https-out",
            {"cidrIpv4": "10.0.0.0/16", "ipProtocol": "tcp", "description": "HTTPS to the VPC"},
        ),
    ]
    return [
        Specimen("ec2/vpc", "vpc", {"cidrBlock": "10.0.0.0/16"}),
        Specimen(
            "ec2/flowLog", "flow-log", {"vpcId": "vpc", "trafficType": "ALL", "logDestination": "arn:logs"}, in_vpc
        ),
        *endpoints,
        *private,
        *public,
        *groups,
        Specimen(
            "ec2/launchTemplate",
            "nodes-template",
            {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true", "kmsKeyId": "arn:key"}}]},
        ),
    ]
