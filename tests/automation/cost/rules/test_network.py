"""The network: interface endpoints by zone, ways out, flow logs where they go to."""

from __future__ import annotations

import pytest

from tests.automation.cost.written import estimated, items, resource

DAYS = 365 / 12


def test_an_interface_endpoint_costs_by_zone_and_a_gateway_endpoint_nothing() -> None:
    two_zones = resource("ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="Interface", subnetIds=["a", "b"])
    assert items(estimated(two_zones)) == {"interface endpoint": 1460, "interface endpoint data": 0.2}
    assert items(estimated(resource("ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="Gateway"))) == {}


def test_a_nat_gateway_costs_with_its_address() -> None:
    found = estimated(resource("ec2/natGateway:NatGateway"), resource("ec2/eip:Eip", "address"))
    assert items(found) == {"NAT gateway": 730, "NAT gateway data": 1}
    assert items(found, "address") == {"public IPv4 address": 730}
    assert found.total.usd == pytest.approx(730 * 0.045 + 0.045 + 730 * 0.005)


def test_flow_logs_cost_where_they_go_to() -> None:
    group = resource("cloudwatch/logGroup:LogGroup", "logs", name="/aws/vpc/flow-logs/s", retentionInDays=30)
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vpc/flow-logs/s"
    flows = resource("ec2/flowLog:FlowLog", logDestination=arn, logDestinationType="cloud-watch-logs")
    assert items(estimated(flows, group)) == {}
    assert items(estimated(flows, group), "logs") == {
        "logs ingestion": 0.4,
        "logs storage": round(0.4 * 0.15 * 30 / DAYS, 6),
    }
    to_s3 = resource("ec2/flowLog:FlowLog", logDestination="arn:aws:s3:::central", logDestinationType="s3")
    assert items(estimated(to_s3)) == {"vended logs to S3": 0.4}
