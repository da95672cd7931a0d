"""What an account lacks for a stack, from answers that botocore checks against the services' own models."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from automation.operations import preflight
from automation.operations.preflight import Finding, Stack

KEYS: dict[str, Any] = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
FUNCTION = {"type": "aws:lambda/function:Function", "inputs": {"reservedConcurrentExecutions": 1}}
CONFIG: dict[str, Any] = {
    "type": "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    "inputs": {"name": "new", "productionVariants": [{"instanceType": "ml.m5.large", "initialInstanceCount": 3}]},
}
OLD = {**CONFIG, "inputs": {**CONFIG["inputs"], "name": "old"}}
ENDPOINT = {"type": "aws:sagemaker/endpoint:Endpoint", "inputs": {"endpointConfigName": "new"}}
VPC = {"type": "aws:ec2/vpc:Vpc", "inputs": {}}
SSM = {
    "type": "aws:ec2/vpcEndpoint:VpcEndpoint",
    "inputs": {"vpcEndpointType": "Interface", "serviceName": "com.amazonaws.eu-west-1.ssm"},
}
SCHEDULE = {"type": "aws:sagemaker/monitoringSchedule:MonitoringSchedule", "inputs": {}}


class Account:
    """Clients with prepared answers, asked in order."""

    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}
        self.stubs: dict[str, Stubber] = {}

    def says(self, service: str, operation: str, answer: dict[str, Any]) -> None:
        self._stub(service).add_response(operation, answer)

    def fails(self, service: str, operation: str, code: str) -> None:
        self._stub(service).add_client_error(operation, code, "no")

    def quotas(self, service: str, **values: float) -> None:
        """`_` stands for blanks and points."""
        listed = [{"QuotaName": name, "Value": value, "ServiceCode": service} for name, value in values.items()]
        self.says("service-quotas", "list_aws_default_service_quotas", {"Quotas": listed})
        self.says("service-quotas", "list_service_quotas", {"Quotas": []})

    def find(self, *resources: dict[str, Any]) -> list[Finding]:
        found = preflight.run(Stack(resources=resources, region="eu-west-1", client=self.clients.__getitem__))
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()
        return found

    def _stub(self, service: str) -> Stubber:
        if service not in self.stubs:
            self.clients[service] = boto3.client(service, **KEYS)
            self.stubs[service] = Stubber(self.clients[service])
            self.stubs[service].activate()
        return self.stubs[service]


@pytest.fixture
def account() -> Account:
    return Account()


def limits(free: int, most: int = 1000) -> dict[str, Any]:
    return {"AccountLimit": {"ConcurrentExecutions": most, "UnreservedConcurrentExecutions": free}}


@pytest.mark.parametrize(("free", "holds"), [(1000, True), (102, True), (101, False), (10, False)])
def test_reservations_leave_what_lambda_keeps(account: Account, free: int, *, holds: bool) -> None:
    account.says("lambda", "get_account_settings", limits(free, most=free))
    assert account.find(FUNCTION, FUNCTION) == [
        Finding(
            subject="Lambda concurrency",
            holds=holds,
            found=f"2 are reserved by the stack, {free} are unreserved, 100 have to stay so",
            fix=f"raise the quota 'Concurrent executions' of Lambda to {max(free, 102)}",
        )
    ]


@pytest.mark.parametrize(("quota", "holds"), [(6, True), (5, False), (0, False)])
def test_a_rollout_holds_new_instances_beside_the_old_of_what_the_endpoint_serves(
    account: Account, quota: float, *, holds: bool
) -> None:
    account.says("lambda", "get_account_settings", limits(1000))
    account.quotas("sagemaker", **{"ml.m5.large for endpoint usage": quota, "ml.m5.large for processing job usage": 50})
    assert account.find(CONFIG, OLD, ENDPOINT)[1:] == [
        Finding(
            subject="ml.m5.large for endpoint usage",
            holds=holds,
            found=f"6 are needed while a rollout is under way, the quota is {quota:g}",
            fix="ask for 6 in Service Quotas",
        )
    ]


def test_the_accounts_own_quota_counts_and_a_type_without_one_is_not_offered(account: Account) -> None:
    account.says("lambda", "get_account_settings", limits(1000))
    name = "ml.m5.large for endpoint usage"
    account.says("service-quotas", "list_aws_default_service_quotas", {"Quotas": [{"QuotaName": name, "Value": 0}]})
    account.says("service-quotas", "list_service_quotas", {"Quotas": [{"QuotaName": name, "Value": 8}]})
    assert account.find(CONFIG, ENDPOINT)[1].holds is True
    other = Account()
    other.says("lambda", "get_account_settings", limits(1000))
    other.quotas("sagemaker", **{"ml.c5.large for endpoint usage": 5})
    assert (found := other.find(CONFIG, ENDPOINT)[1]).holds is False
    assert found.found == "SageMaker has no quota of that name in eu-west-1: the type is not offered there"


def test_room_for_the_network_and_its_endpoints(account: Account) -> None:
    account.says("lambda", "get_account_settings", limits(1000))
    account.quotas("vpc", **{"VPCs per Region": 5})
    account.says("ec2", "describe_vpcs", {"Vpcs": [{"VpcId": f"vpc-{i}"} for i in range(5)]})
    account.says("ec2", "describe_vpc_endpoint_services", {"ServiceNames": ["com.amazonaws.eu-west-1.sts"]})
    found = account.find(VPC, SSM)[1:]
    assert [(finding.subject, finding.holds) for finding in found] == [
        ("VPCs per Region", False),
        ("com.amazonaws.eu-west-1.ssm", False),
    ]


@pytest.mark.parametrize("there", [True, False])
def test_a_closed_service_is_told(account: Account, *, there: bool) -> None:
    account.says("lambda", "get_account_settings", limits(1000))
    moment = "2026-01-01T00:00:00Z"
    summary = {
        "MonitoringScheduleName": "a",
        "MonitoringScheduleArn": "arn:aws:sagemaker:eu-west-1:123456789012:monitoring-schedule/a",
        "CreationTime": moment,
        "LastModifiedTime": moment,
        "MonitoringScheduleStatus": "Scheduled",
    }
    account.says("sagemaker", "list_monitoring_schedules", {"MonitoringScheduleSummaries": [summary] if there else []})
    (_, found) = account.find(SCHEDULE)
    assert (found.subject, found.holds, found.fix) == (
        "SageMaker Model Monitor",
        True if there else None,
        "monitoring.engine: platform",
    )


def test_what_may_not_be_read_is_said_and_the_rest_goes_on(account: Account) -> None:
    account.fails("lambda", "get_account_settings", "AccessDeniedException")
    account.quotas("sagemaker", **{"ml.m5.large for endpoint usage": 6})
    denied, instances = account.find(CONFIG, ENDPOINT)
    assert (denied.subject, denied.holds) == ("Lambda concurrency", None)
    assert denied.fix == "allow it for who runs preflight, or look it up by hand"
    assert instances.holds is True
