"""What an account lacks for a stack, from answers that botocore checks against the services' own models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from automation.operations import preflight
from automation.operations.findings import Finding, Stack
from local.emulator import Emulator
from tests.automation.operations.accounts import CHECKS, Account, limits
from workloads.pipeline import render

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


@pytest.fixture
def account() -> Account:
    return Account()


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


def test_an_inference_component_may_have_as_many_instances_as_its_copies_may_take(account: Account) -> None:
    scaling = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 6}
    variant = {"VariantName": "champion", "InstanceType": "ml.m5.large", "ManagedInstanceScaling": scaling}
    body = {"Resources": {"Config": {"Properties": {"ProductionVariants": [variant]}}}}
    made = {"type": "aws:cloudformation/stack:Stack", "inputs": {"name": "x", "templateBody": json.dumps(body)}}
    account.says("lambda", "get_account_settings", limits(1000))
    account.quotas("sagemaker", **{"ml.m5.large for endpoint usage": 5})
    (found,) = account.find(made)[1:]
    assert (found.holds, found.found) == (False, "6 are needed while a rollout is under way, the quota is 5")


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


def step(kind: str, **arguments: Any) -> dict[str, Any]:
    return {"Name": kind, "Type": kind, "Arguments": arguments}


def pipeline(*, spot: bool = False) -> dict[str, Any]:
    """Two processing jobs, the second in a branch, and a training job."""
    of_jobs = {"InstanceCount": 1, "InstanceType": {"Get": "Parameters.ProcessingInstanceType"}}
    training = {"InstanceCount": {"Get": "Parameters.Hosts"}, "InstanceType": "ml.m5.2xlarge"}
    job = step("Processing", ProcessingResources={"ClusterConfig": of_jobs})
    definition = {
        "Parameters": [
            {"Name": "ProcessingInstanceType", "Type": "String", "DefaultValue": "ml.m5.xlarge"},
            {"Name": "Hosts", "Type": "Integer", "DefaultValue": 2},
        ],
        "Steps": [
            job,
            step("Training", ResourceConfig=training, EnableManagedSpotTraining=spot),
            step("Condition", IfSteps=[job], ElseSteps=[step("Fail", ErrorMessage="no")]),
        ],
    }
    return {"type": "aws:sagemaker/pipeline:Pipeline", "inputs": {"pipelineDefinition": json.dumps(definition)}}


@pytest.mark.parametrize(("spot", "training"), [(False, "training job"), (True, "spot training job")])
def test_the_jobs_of_a_run_of_each_pipeline_have_quotas_too(account: Account, *, spot: bool, training: str) -> None:
    account.says("lambda", "get_account_settings", limits(1000))
    names = ("ml.m5.2xlarge for training job usage", "ml.m5.2xlarge for spot training job usage")
    account.quotas("sagemaker", **{"ml.m5.xlarge for processing job usage": 2}, **dict.fromkeys(names, 3))
    found = account.find(pipeline(spot=spot), pipeline(spot=spot))[1:]
    assert [(each.subject, each.holds, each.found) for each in found] == [
        (
            f"ml.m5.2xlarge for {training} usage",
            False,
            "4 are needed for a run of each pipeline, the quota is 3",
        ),
        ("ml.m5.xlarge for processing job usage", True, "2 are needed for a run of each pipeline, the quota is 2"),
    ]


def test_the_jobs_of_a_machine_that_trains_have_quotas_and_those_of_another_none_of_a_run(account: Account) -> None:
    values = render.MACHINE_EXAMPLES
    kind = "aws:sfn/stateMachine:StateMachine"
    trains = {"type": kind, "inputs": {"definition": render.render(render.read("machine"), values)}}
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large"}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "Parameters": {"ProcessingResources": {"ClusterConfig": cluster}},
    }
    other = {"type": kind, "inputs": {"definition": json.dumps({"States": {"Validate": task}})}}
    account.says("lambda", "get_account_settings", limits(1000))
    of_kind = {"ml.m5.xlarge for processing job usage": 1, "ml.m5.2xlarge for spot training job usage": 0}
    account.quotas("sagemaker", **of_kind)
    found = account.find(trains, other)[1:]
    assert [(each.subject, each.holds, each.found) for each in found] == [
        (
            "ml.m5.2xlarge for spot training job usage",
            False,
            "1 are needed for a run of each pipeline, the quota is 0",
        ),
        ("ml.m5.xlarge for processing job usage", True, "1 are needed for a run of each pipeline, the quota is 1"),
    ]


def test_the_trials_that_run_at_the_same_time_need_instances_at_the_same_time(account: Account) -> None:
    trial = {"ResourceConfig": {"InstanceCount": 2, "InstanceType": "ml.m5.2xlarge"}, "EnableManagedSpotTraining": True}
    most = {"MaxNumberOfTrainingJobs": 12, "MaxParallelTrainingJobs": 3}
    search = step("Tuning", HyperParameterTuningJobConfig={"ResourceLimits": most}, TrainingJobDefinition=trial)
    definition = json.dumps({"Parameters": [], "Steps": [search]})
    account.says("lambda", "get_account_settings", limits(1000))
    account.quotas("sagemaker", **{"ml.m5.2xlarge for spot training job usage": 5})
    _, found = account.find({"type": "aws:sagemaker/pipeline:Pipeline", "inputs": {"pipelineDefinition": definition}})
    assert (found.subject, found.holds) == ("ml.m5.2xlarge for spot training job usage", False)
    assert found.found == "6 are needed for a run of each pipeline, the quota is 5"


@pytest.mark.parametrize(("addresses", "gateways", "holds"), [(2, 4, (True, True)), (3, 5, (False, False))])
def test_nat_gateways_and_their_addresses_need_room(
    account: Account, addresses: int, gateways: int, holds: tuple[bool, bool]
) -> None:
    account.says("lambda", "get_account_settings", limits(1000))
    account.says("ec2", "describe_addresses", {"Addresses": [{"PublicIp": f"192.0.2.{i}"} for i in range(addresses)]})
    account.quotas("ec2", **{"EC2-VPC Elastic IPs": 5})
    there = [{"SubnetId": f"subnet-{i}"} for i in range(gateways)] + [{"SubnetId": "subnet-b"}]
    account.says("ec2", "describe_nat_gateways", {"NatGateways": there})
    zones = [{"SubnetId": f"subnet-{i}", "AvailabilityZone": "eu-west-1a"} for i in range(gateways)]
    zones += [{"SubnetId": "subnet-b", "AvailabilityZone": "eu-west-1b"}]
    account.says("ec2", "describe_subnets", {"Subnets": zones})
    account.quotas("vpc", **{"NAT gateways per Availability Zone": 5})
    kinds = ["aws:ec2/eip:Eip", "aws:ec2/natGateway:NatGateway"] * 3
    found = account.find(*({"type": kind, "inputs": {}} for kind in kinds))[1:]
    assert [(each.subject, each.holds) for each in found] == list(
        zip(("EC2-VPC Elastic IPs", "NAT gateways per Availability Zone"), holds, strict=True)
    )


def test_a_bucket_name_is_free_or_taken_or_this_accounts(account: Account) -> None:
    account.says("lambda", "get_account_settings", limits(1000))
    account.fails("s3", "head_bucket", "403")
    account.fails("s3", "head_bucket", "404")
    account.says("s3", "head_bucket", {})
    found = account.find(*({"type": "aws:s3/bucket:Bucket", "inputs": {"bucket": name}} for name in "cab"))[1:]
    assert [(each.subject, each.holds) for each in found] == [("a", False), ("b", True), ("c", None)]
    assert found[0].fix == "log in to its account, or rename the stack"


def test_a_quota_that_is_not_named_and_a_page_in_place_of_an_answer_are_one_line_each(account: Account) -> None:
    page = "<!doctype html>\n<html><h1>Not Found</h1>"
    account._stub("lambda").add_client_error("get_account_settings", "404", page)
    account.quotas("vpc")
    account.says("ec2", "describe_vpcs", {"Vpcs": []})
    account.says("ec2", "describe_vpc_endpoint_services", {"ServiceNames": []})
    found = account.find(VPC)
    assert [(each.subject, each.holds, each.found) for each in found] == [
        (
            "Lambda concurrency",
            None,
            "An error occurred (404) when calling the GetAccountSettings operation: no answer of AWS's",
        ),
        ("VPCs per Region", None, "Service Quotas names no such quota here"),
    ]


def test_an_account_that_answers_nothing_is_unknown_in_a_line_each(emulator: Emulator) -> None:
    resources = [FUNCTION, CONFIG, ENDPOINT, VPC, SSM]
    found = preflight.run(Stack(resources=resources, region=emulator.region, client=emulator.client), CHECKS)
    assert [(each.subject, each.holds) for each in found] == [
        ("Lambda concurrency", None),
        ("SageMaker instances", None),
        ("network", None),
    ]
    assert found[0].found == (
        "An error occurred (404) when calling the GetAccountSettings operation: no answer of AWS's"
    )
    assert not any("<" in each.found or "\n" in each.found for each in found)
