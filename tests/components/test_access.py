from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi_aws as aws
import pytest

from components import access
from components.access import Role, RoleArgs
from tests.components.engine import BOUNDARY, NAMES, deploy, is_unknown, policy

BUCKET = "arn:aws:s3:::b/*"


def test_allow_names_actions_and_resources() -> None:
    statement = access.allow("Read", ["s3:PutObject", "s3:GetObject"], [BUCKET])
    assert statement.to_dict() == {
        "Sid": "Read",
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": [BUCKET],
    }


@pytest.mark.parametrize(
    ("actions", "resources", "message"),
    [
        (["s3:*"], [BUCKET], "statement S: found action 's3:*'; allowed: one action by name, service:Action"),
        (["*"], [BUCKET], "statement S: found action '*'; allowed: one action by name, service:Action"),
        (["s3:Get*"], [BUCKET], "statement S: found action 's3:Get*'; allowed: one action by name, service:Action"),
        (
            ["s3:GetObject", "xray:PutTraceSegments"],
            ["*"],
            "statement S: found resource '*' for ['s3:GetObject']; allowed: the ARNs these actions need",
        ),
        ([], [BUCKET], "statement S: found no action or no resource; allowed: at least one of each"),
        (["s3:GetObject"], [], "statement S: found no action or no resource; allowed: at least one of each"),
        (
            ["iam:PassRole"],
            ["arn:aws:iam::123456789012:role/r"],
            "statement S: found iam:PassRole for any service; allowed: with `pass_role` only",
        ),
    ],
)
def test_allow_refuses_what_least_privilege_forbids(actions: list[str], resources: list[str], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        access.allow("S", actions, resources)
    assert str(caught.value) == message


def test_actions_without_resource_take_the_star() -> None:
    assert access.allow("Trace", ["xray:PutTraceSegments"], ["*"]).resources == ("*",)


def test_pass_role_names_the_service() -> None:
    statement = access.pass_role("Pass", ["arn:aws:iam::123456789012:role/r"], "sagemaker.amazonaws.com").to_dict()
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_an_anonymous_principal_needs_a_condition() -> None:
    with pytest.raises(ValueError) as caught:
        access.grant("S", ["s3:GetObject"], [BUCKET], "*")
    assert str(caught.value) == ("statement S: found principal '*' without a condition; allowed: a condition or an ARN")


def test_a_document_refuses_a_statement_id_twice() -> None:
    twice = [access.allow("S", ["s3:GetObject"], [BUCKET])] * 2
    with pytest.raises(ValueError) as caught:
        access.document(twice)
    assert str(caught.value) == "policy document: found the statement ids ['S'] twice; allowed: each once"


def test_reading_objects_bounds_the_listing_too() -> None:
    objects, listing = (s.to_dict() for s in access.read_objects("Read", NAMES, "b", ["runs/", "contracts/"]))
    assert objects["Resource"] == ["arn:aws:s3:::b/runs/*", "arn:aws:s3:::b/contracts/*"]
    assert listing["Resource"] == ["arn:aws:s3:::b"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["runs/*", "contracts/*"]}}


def test_metrics_are_bounded_by_namespace() -> None:
    statement = access.put_metrics(["A", "B"]).to_dict()
    assert statement["Resource"] == ["*"]
    assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": ["A", "B"]}}


def test_writing_logs_creates_groups_only_when_asked() -> None:
    assert "logs:CreateLogGroup" not in access.write_logs(NAMES, ["/g"]).actions
    statement = access.write_logs(NAMES, ["/g"], create=True)
    assert "logs:CreateLogGroup" in statement.actions
    assert statement.resources == (
        "arn:aws:logs:eu-west-1:123456789012:log-group:/g",
        "arn:aws:logs:eu-west-1:123456789012:log-group:/g:*",
    )


def _role(preview: bool = False, *more: Callable[[], access.Statement]) -> tuple[Any, list[str]]:
    arns: list[str] = []

    def program() -> None:
        role = Role(
            "job",
            RoleArgs(
                names=NAMES,
                job="training",
                service="sagemaker.amazonaws.com",
                description="The training jobs",
                statements=[access.allow("Read", ["s3:GetObject"], [BUCKET]), *(each() for each in more)],
                permissions_boundary=BOUNDARY,
            ),
        )
        role.arn.apply(arns.append)

    return deploy(program, preview=preview), arns


def test_a_role_is_trusted_for_one_service_of_this_account() -> None:
    deployment, arns = _role()
    role = deployment.one("job-role")
    assert role.inputs["name"] == "mlplatform-staging-training"
    assert role.inputs["permissionsBoundary"] == BOUNDARY
    assert role.parent == "job"
    assert json.loads(role.inputs["assumeRolePolicy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AssumedByService",
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": ["sts:AssumeRole"],
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            }
        ],
    }
    assert policy(deployment.one("job-policy")) == {
        "Read": {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [BUCKET]}
    }
    assert arns == ["arn:aws:iam::123456789012:role/mlplatform/staging/mlplatform-staging-training"]
    assert deployment.outputs["job"]["arn"] == arns[0]


def test_a_service_that_may_not_name_its_source_is_held_to_the_account_where_it_does() -> None:
    statement = access.trust("lambda.amazonaws.com", "123456789012", names_source=False)
    assert statement.conditions == {"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}


def test_functions_ask_for_less_of_the_network_than_sagemaker() -> None:
    def actions(statements: list[access.Statement]) -> set[str]:
        return {action for statement in statements for action in statement.actions}

    sagemaker = actions(access.network_interfaces(NAMES))
    functions = actions(access.function_network_interfaces(NAMES))
    assert sagemaker - functions == {
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterfacePermission",
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeVpcs",
    }
    assert functions - sagemaker == {"ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"}


def _with_key() -> access.Statement:
    return access.use_key("UseKey", [aws.kms.Key("key").arn], write=False)


def _with_key_in_a_condition() -> access.Statement:
    only = {"StringEquals": {"aws:SourceArn": [aws.kms.Key("key").arn]}}
    return access.allow("UseKey", ["kms:Decrypt", "kms:DescribeKey"], [BUCKET], conditions=only)


@pytest.mark.parametrize("statement", [_with_key, _with_key_in_a_condition])
def test_what_waits_for_a_resource_is_a_policy_of_its_own(statement: Callable[[], access.Statement]) -> None:
    deployment, arns = _role(False, statement)
    assert list(policy(deployment.one("job-policy"))) == ["Read"]
    assert list(policy(deployment.one("job-keys"))) == ["UseKey"]
    assert deployment.one("job-keys").inputs["name"] == "keys"
    assert arns == ["arn:aws:iam::123456789012:role/mlplatform/staging/mlplatform-staging-training"]
    preview, _ = _role(True, statement)
    assert list(policy(preview.one("job-policy"))) == ["Read"]
    assert is_unknown(preview.one("job-keys").inputs["policy"])


def test_a_role_that_waits_for_nothing_has_one_policy() -> None:
    deployment, _ = _role()
    assert deployment.names("aws:iam/rolePolicy:RolePolicy") == ["job-policy"]


def test_the_arn_of_a_role_waits_for_its_policy() -> None:
    deployment, arns = _role(preview=True)
    assert arns == []
    assert is_unknown(deployment.outputs["job"]["arn"])
