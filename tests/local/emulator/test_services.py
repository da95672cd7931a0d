"""The services the platform's resources live in: what is created is described as it was created.

One round trip a resource family, with the members the platform sets; the services of moto that need no correction.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.emulator import Emulator

TAGS = [{"Key": "Project", "Value": "ml"}]
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [READ]})
EVERYONE = json.dumps({"Version": "2012-10-17", "Statement": [READ | {"Principal": "*"}]})


@pytest.fixture(scope="session")
def ec2(emulator: Emulator) -> Any:
    return emulator.client("ec2")


@pytest.fixture(scope="session")
def network(ec2: Any) -> dict[str, str]:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone="eu-west-1a")["Subnet"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="endpoints", Description="endpoints")
    return {
        "vpc": vpc,
        "subnet": subnet["SubnetId"],
        "table": table["RouteTableId"],
        "group": group["GroupId"],
    }


INTERFACES = (
    "sagemaker.api sagemaker.runtime sagemaker.featurestore-runtime ecr.api ecr.dkr sts kms logs monitoring "
    "secretsmanager events states"
)


@pytest.mark.parametrize("service", INTERFACES.split())
def test_interface_endpoints(ec2: Any, network: dict[str, str], service: str) -> None:
    created = ec2.create_vpc_endpoint(
        VpcId=network["vpc"],
        ServiceName=f"com.amazonaws.eu-west-1.{service}",
        VpcEndpointType="Interface",
        SubnetIds=[network["subnet"]],
        SecurityGroupIds=[network["group"]],
        PrivateDnsEnabled=True,
        PolicyDocument=EVERYONE,
    )["VpcEndpoint"]
    found = ec2.describe_vpc_endpoints(VpcEndpointIds=[created["VpcEndpointId"]])["VpcEndpoints"][0]
    assert (found["ServiceName"], found["State"]) == (f"com.amazonaws.eu-west-1.{service}", "available")
    assert (found["SubnetIds"], found["PrivateDnsEnabled"]) == ([network["subnet"]], True)
    assert [group["GroupId"] for group in found["Groups"]] == [network["group"]]
    assert json.loads(found["PolicyDocument"]) == json.loads(EVERYONE)


def test_a_gateway_endpoint_and_its_prefix_list(ec2: Any, network: dict[str, str]) -> None:
    name = "com.amazonaws.eu-west-1.s3"
    created = ec2.create_vpc_endpoint(
        VpcId=network["vpc"], ServiceName=name, VpcEndpointType="Gateway", RouteTableIds=[network["table"]]
    )
    assert created["VpcEndpoint"]["RouteTableIds"] == [network["table"]]
    named = [{"Name": "prefix-list-name", "Values": [name]}]
    assert len(ec2.describe_managed_prefix_lists(Filters=named)["PrefixLists"]) == 1


def test_the_default_security_group_can_be_emptied(ec2: Any, network: dict[str, str]) -> None:
    filters = [{"Name": "vpc-id", "Values": [network["vpc"]]}, {"Name": "group-name", "Values": ["default"]}]

    def default() -> dict[str, Any]:
        return ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]

    group = default()
    ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    assert (default()["IpPermissions"], default()["IpPermissionsEgress"]) == ([], [])


def test_flow_logs(emulator: Emulator, ec2: Any, network: dict[str, str], role: str, name: str) -> None:
    emulator.client("logs").create_log_group(logGroupName=f"/vpc/{name}")
    destination = f"arn:aws:logs:eu-west-1:123456789012:log-group:/vpc/{name}"
    ec2.create_flow_logs(
        ResourceIds=[network["vpc"]],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="cloud-watch-logs",
        LogDestination=destination,
        DeliverLogsPermissionArn=role,
    )
    found = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [network["vpc"]]}])["FlowLogs"]
    assert [(log["LogDestination"], log["TrafficType"]) for log in found] == [(destination, "ALL")]


def test_a_guarded_bucket(emulator: Emulator, s3: Any, name: str) -> None:
    key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
        ObjectLockEnabledForBucket=True,
    )
    encryption = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(
        Bucket=name, ServerSideEncryptionConfiguration={"Rules": [encryption | {"BucketKeyEnabled": True}]}
    )
    block = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    ownership = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=ownership)
    rule = {
        "ID": "archive",
        "Status": "Enabled",
        "Filter": {"Prefix": "incoming/"},
        "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
    }
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    retention = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}}}
    s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=retention)

    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == block
    assert s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"] == ownership
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] == [rule]
    locked = s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert (locked["Mode"], locked["Days"]) == ("GOVERNANCE", 30)
    stored = s3.put_object(Bucket=name, Key="incoming/a", Body=b"1")
    assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", key)
    s3.delete_object(Bucket=name, Key="incoming/a")
    versions = s3.list_object_versions(Bucket=name, Prefix="incoming/a")
    assert (len(versions["Versions"]), len(versions["DeleteMarkers"])) == (1, 1)


def test_keys(emulator: Emulator, name: str) -> None:
    kms = emulator.client("kms")
    tags = [{"TagKey": "Project", "TagValue": "ml"}]
    key = kms.create_key(Description="lake", Tags=tags)["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key)
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=EVERYONE)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    assert kms.describe_key(KeyId=f"alias/{name}")["KeyMetadata"]["KeyId"] == key
    assert kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"] == EVERYONE
    assert kms.list_resource_tags(KeyId=key)["Tags"] == tags


def test_roles(emulator: Emulator, name: str) -> None:
    iam = emulator.client("iam")
    boundary = iam.create_policy(PolicyName=f"{name}-boundary", PolicyDocument=POLICY)["Policy"]["Arn"]
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=EVERYONE,
        PermissionsBoundary=boundary,
        MaxSessionDuration=7200,
        Tags=TAGS,
    )
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=POLICY)
    found = iam.get_role(RoleName=name)["Role"]
    assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert (found["MaxSessionDuration"], found["Tags"]) == (7200, TAGS)
    assert iam.get_role_policy(RoleName=name, PolicyName="own")["PolicyDocument"] == json.loads(POLICY)


def test_repositories(emulator: Emulator, name: str) -> None:
    ecr = emulator.client("ecr")
    ecr.create_repository(
        repositoryName=name, imageTagMutability="IMMUTABLE", imageScanningConfiguration={"scanOnPush": True}
    )
    selection = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}
    rules = {"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]}
    ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=json.dumps(rules))
    found = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    assert (found["imageTagMutability"], found["imageScanningConfiguration"]) == ("IMMUTABLE", {"scanOnPush": True})
    assert json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]) == rules


def test_parameters_and_secrets(emulator: Emulator, name: str) -> None:
    ssm, secrets = emulator.client("ssm"), emulator.client("secretsmanager")
    assert ssm.get_parameters_by_path(Path=f"/{name}", Recursive=True)["Parameters"] == []
    ssm.put_parameter(Name=f"/{name}/churn/release", Value="{}", Type="String")
    found = ssm.get_parameters_by_path(Path=f"/{name}", Recursive=True)["Parameters"]
    assert [(p["Name"], p["Value"]) for p in found] == [(f"/{name}/churn/release", "{}")]
    secrets.create_secret(Name=name, SecretString="salt", Tags=TAGS)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "salt"
    assert secrets.describe_secret(SecretId=name)["Tags"] == TAGS


def test_topics_and_queues(emulator: Emulator, name: str) -> None:
    sns, sqs = emulator.client("sns"), emulator.client("sqs")
    topic = sns.create_topic(Name=name, Attributes={"KmsMasterKeyId": "alias/aws/sns"}, Tags=TAGS)["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=EVERYONE)
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (attributes["KmsMasterKeyId"], json.loads(attributes["Policy"])) == ("alias/aws/sns", json.loads(EVERYONE))
    settings = {"MessageRetentionPeriod": "1209600", "SqsManagedSseEnabled": "true", "Policy": EVERYONE}
    url = sqs.create_queue(QueueName=name, Attributes=settings)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert {key: found[key] for key in settings} == settings


def test_permissions_of_a_function(emulator: Emulator, deploy_function: Any, name: str) -> None:
    function, topic = emulator.client("lambda"), "arn:aws:sns:eu-west-1:123456789012:alerts"
    deploy_function(name, "def handle(e, c): pass", Architectures=["arm64"], TracingConfig={"Mode": "Active"})
    allowed = {"Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com", "SourceArn": topic}
    function.add_permission(FunctionName=name, StatementId="alerts", **allowed)
    function.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    statements = json.loads(function.get_policy(FunctionName=name)["Policy"])["Statement"]
    allowing = {statement["Sid"]: statement["Principal"] for statement in statements}
    assert allowing["alerts"] == {"Service": "sns.amazonaws.com"}
    found = function.get_function(FunctionName=name)
    assert found["Concurrency"] == {"ReservedConcurrentExecutions": 1}
    assert found["Configuration"]["TracingConfig"] == {"Mode": "Active"}


def test_schedules_dashboards_and_log_groups(emulator: Emulator, cloudwatch: Any, name: str) -> None:
    events, logs = emulator.client("events"), emulator.client("logs")
    arn = events.put_rule(Name=name, ScheduleExpression="rate(7 days)", Description="weekly", Tags=TAGS)["RuleArn"]
    found = events.describe_rule(Name=name)
    assert (found["ScheduleExpression"], found["Description"]) == ("rate(7 days)", "weekly")
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == TAGS
    body = json.dumps({"widgets": []})
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body)
    assert cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"] == body
    logs.create_log_group(logGroupName=name, tags={"Project": "ml"})
    logs.put_retention_policy(logGroupName=name, retentionInDays=90)
    transformation = {"metricName": "Errors", "metricNamespace": "Own", "metricValue": "1"}
    logs.put_metric_filter(
        logGroupName=name, filterName="errors", filterPattern="ERROR", metricTransformations=[transformation]
    )
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["retentionInDays"] == 90
    filters = logs.describe_metric_filters(logGroupName=name)["metricFilters"]
    assert filters[0]["metricTransformations"] == [transformation]


def test_budgets(emulator: Emulator, name: str) -> None:
    budgets = emulator.client("budgets")
    budget = {"BudgetName": name, "TimeUnit": "MONTHLY", "BudgetType": "COST"}
    limit = {"Amount": "100", "Unit": "USD"}
    budgets.create_budget(AccountId="123456789012", Budget=budget | {"BudgetLimit": limit})
    found = budgets.describe_budget(AccountId="123456789012", BudgetName=name)["Budget"]
    assert found["BudgetLimit"] == limit
