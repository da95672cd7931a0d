"""Which names of a stack are taken in an account."""

from __future__ import annotations

import uuid
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from automation.operations.findings import Finding, Stack
from automation.operations.taken import TAKEN, names
from local.emulator import Emulator
from tests.synth.conftest import written_types

FIX = (
    "they are the stack's own; if not, import them before the first `up` (docs/automation.md, Taking over), or call "
    "stack or workload otherwise"
)
#: Types without a name that something else of the account could have: parts of another resource, and the rest as told.
NO_NAMES = {
    *[
        "appautoscaling/policy:Policy",
        "appautoscaling/scheduledAction:ScheduledAction",
        "appautoscaling/target:Target",
        "cloudwatch/eventTarget:EventTarget",
        "ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "ec2/flowLog:FlowLog",
        "ec2/vpcEndpoint:VpcEndpoint",
        "ecr/lifecyclePolicy:LifecyclePolicy",
        "ecr/repositoryPolicy:RepositoryPolicy",
        "ecs/clusterCapacityProviders:ClusterCapacityProviders",
        "ecs/service:Service",
        "glue/catalogTable:CatalogTable",
        "iam/rolePolicy:RolePolicy",
        "iam/rolePolicyAttachment:RolePolicyAttachment",
        "kms/key:Key",
        "codedeploy/deploymentGroup:DeploymentGroup",
        "lambda/alias:Alias",
        "lambda/permission:Permission",
        "lakeformation/permissions:Permissions",
        "lakeformation/resource:Resource",
        "lakeformation/resourceLfTags:ResourceLfTags",
        "lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
        "lb/listener:Listener",
        "lb/listenerRule:ListenerRule",
        "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "s3/bucketLogging:BucketLogging",
        "s3/bucketNotification:BucketNotification",
        "s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "s3/bucketObjectv2:BucketObjectv2",
        "s3/bucketOwnershipControls:BucketOwnershipControls",
        "s3/bucketPolicy:BucketPolicy",
        "s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "s3/bucketVersioning:BucketVersioning",
        "sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy",
        "sns/topicPolicy:TopicPolicy",
        "sns/topicSubscription:TopicSubscription",
        "sqs/queuePolicy:QueuePolicy",
        "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    ],
    "ec2/securityGroup:SecurityGroup",  # its name is the VPC's, which is the stack's
    "glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings",  # the account's one
    "iam/openIdConnectProvider:OpenIdConnectProvider",  # the account's one for an issuer, which `provider` names
    "lakeformation/dataLakeSettings:DataLakeSettings",  # the account's one: `lake_formation`
    "lakeformation/lfTag:LfTag",
    "s3/bucket:Bucket",  # `preflight.buckets`
}


def test_every_type_of_the_program_is_looked_for_or_has_no_name_of_its_own() -> None:
    written = {kind.removeprefix("aws:") for kind in written_types()}
    listed = {kind.removeprefix("aws:") for kind in TAKEN}
    assert (written - listed - NO_NAMES, listed & NO_NAMES) == (set(), set())
    assert listed - written == {"ecr/repository:Repository"}  # awsx makes it


@pytest.mark.parametrize("kind", sorted(TAKEN))
def test_every_list_is_one_that_aws_has_with_that_name_in_its_pages(kind: str) -> None:
    listed = TAKEN[kind]
    keys = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    client: Any = boto3.client(listed.service, **keys)  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert client.can_paginate(listed.operation) or listed.service == "athena"
    operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[listed.operation])
    list_, _, name = listed.names.partition("[]")
    items = operation.output_shape.members[list_].member
    assert (name.removeprefix(".") in items.members) if name else items.type_name == "string"
    assert set(listed.given) <= set(operation.input_shape.members if operation.input_shape else ())


def resource(kind: str, **inputs: str) -> dict[str, Any]:
    return {"type": kind, "inputs": inputs}


def test_what_is_there_is_told_and_what_is_free_counted(emulator: Emulator) -> None:
    own = f"t{uuid.uuid4().hex[:10]}"
    topic, queue, role = (f"{own}-{each}" for each in ("alerts", "dead-letters", "job"))
    emulator.client("sns").create_topic(Name=topic)
    emulator.client("sqs").create_queue(QueueName=queue)
    emulator.client("logs").create_log_group(logGroupName=f"/aws/lambda/{own}")
    emulator.client("iam").create_role(RoleName=role, Path="/mlplatform/gone/", AssumeRolePolicyDocument="{}")
    emulator.client("ecs").create_cluster(clusterName=own)
    emulator.client("ecs").register_task_definition(family=own, containerDefinitions=[])
    resources = [
        resource("aws:iam/role:Role", name=role),
        resource("aws:iam/role:Role", name=f"{own}-free"),
        resource("aws:ecs/cluster:Cluster", name=own),
        resource("aws:ecs/taskDefinition:TaskDefinition", family=own),
        resource("aws:lb/loadBalancer:LoadBalancer", name=own),
        *(resource("aws:sns/topic:Topic", name=name) for name in (topic, f"{own}-free", f"{own}-alert")),
        resource("aws:sqs/queue:Queue", name=queue),
        resource("aws:cloudwatch/logGroup:LogGroup", name=f"/aws/lambda/{own}"),
        resource("aws:sagemaker/pipeline:Pipeline", pipelineName=f"{own}-training"),
        resource("aws:kms/key:Key"),
        resource("aws:athena/workgroup:Workgroup", name="primary"),
    ]
    found = [*names(Stack(resources=resources, region=emulator.region, client=emulator.client))]
    assert [(each.subject, each.holds, each.found) for each in found] == [
        ("names of athena, Workgroup", None, "1 of 1 are there: primary"),
        ("names of logs, LogGroup", None, f"1 of 1 are there: /aws/lambda/{own}"),
        ("names of ecs, Cluster", None, f"1 of 1 are there: {own}"),
        ("names of ecs, TaskDefinition", None, f"1 of 1 are there: {own}"),
        ("names of iam, Role", None, f"1 of 2 are there: {role}"),
        ("names of elbv2, LoadBalancer", True, "1 are free"),
        ("names of sagemaker, Pipeline", True, "1 are free"),
        ("names of sns, Topic", None, f"1 of 3 are there: {topic}"),
        ("names of sqs, Queue", None, f"1 of 1 are there: {queue}"),
    ]
    assert {each.fix for each in found if not each.holds} == {FIX}


def test_a_list_that_may_not_be_read_is_one_line_and_of_many_names_three_are_told() -> None:
    keys = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    clients: dict[str, Any] = {service: boto3.client(service, **keys) for service in ("iam", "kms")}  # pyright: ignore[reportCallIssue, reportArgumentType]
    iam, kms = (Stubber(client) for client in clients.values())
    iam.add_client_error("list_roles", "AccessDenied", "no")
    taken = [f"alias/{each}" for each in "abcde"]
    kms.add_response("list_aliases", {"Aliases": [{"AliasName": name} for name in taken]})
    resources = [resource("aws:iam/role:Role", name="job")]
    resources += [resource("aws:kms/alias:Alias", name=name) for name in (*taken, "alias/free")]
    with iam, kms:
        roles, aliases = names(Stack(resources=resources, region="eu-west-1", client=clients.__getitem__))
    assert roles == Finding(
        subject="names of iam, Role",
        holds=None,
        found="An error occurred (AccessDenied) when calling the ListRoles operation: no",
        fix="allow it for who runs preflight, or look it up by hand",
    )
    assert aliases.found == "5 of 6 are there: alias/a, alias/b, alias/c and 2 more"
