"""IAM documents in their many spellings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.guardrails.documents import Statement
from policies.guardrails.documents import statements as readings
from policies.guardrails.finding import Malformed, Undecided
from policies.guardrails.patterns import is_service, is_star, matches, takes_no_resource, unscoped_actions
from policies.guardrails.reading import Prop
from policies.guardrails.resource import Resource
from tests.policies.support import UNKNOWN, Specimen, judge


def document(value: Any) -> Prop:
    return Resource(type="aws:iam/policy:Policy", name="p", urn="u", inputs={"policy": value}).prop("policy")


def statements(prop: Prop) -> list[Statement]:
    """The statements of a document of which everything is known."""
    found = readings(prop)
    assert all(each.least is each.most and each.waiting is None for each in found)
    return [each.least for each in found]


ENTRY: dict[str, Any] = {
    "Sid": "One",
    "Effect": "Allow",
    "Principal": {"Service": ["a.amazonaws.com", "b.amazonaws.com"], "AWS": "111122223333"},
    "Action": "s3:Get*",
    "Resource": ["arn:aws:s3:::a", "*"],
    "Condition": {"StringEquals": {"aws:SourceAccount": "1"}, "ArnLike": {"AWS:SourceArn": ["x", "y"]}},
}


@pytest.mark.parametrize("value", [json.dumps({"Statement": ENTRY}), {"Statement": [ENTRY]}])
def test_every_spelling_reads_the_same(value: Any) -> None:
    (statement,) = statements(document(value))
    assert (statement.label, statement.allows, statement.actions) == ("One", True, ("s3:Get*",))
    assert statement.principals == (
        ("Service", "a.amazonaws.com"),
        ("Service", "b.amazonaws.com"),
        ("AWS", "111122223333"),
    )
    assert statement.condition("aws:sourcearn") == ("x", "y")
    assert statement.condition("aws:SourceAccount") == ("1",)
    assert statement.condition("aws:SourceVpc") == ()
    assert statement.everywhere
    assert statement.grants("s3:getobject")
    assert not statement.grants("s3:PutObject")


def test_everything_but_some_is_granted_by_not_action() -> None:
    (statement,) = statements(
        document({"Statement": {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:a"}})
    )
    assert statement.grants("s3:GetObject")
    assert not statement.grants("iam:PassRole")
    assert statement.everywhere
    assert statement.label == "statement 1"


def test_a_deny_grants_nothing() -> None:
    (statement,) = statements(document({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}))
    assert not statement.grants("s3:GetObject")


def test_no_document_has_no_statements_and_a_broken_one_is_a_violation() -> None:
    assert statements(document(None)) == []
    with pytest.raises(Undecided):
        statements(document(UNKNOWN))
    with pytest.raises(Malformed, match=r"^policy is no JSON object$"):
        statements(document("[]"))


@pytest.mark.parametrize(
    ("resource", "star"),
    [
        ("*", True),
        ("arn:aws:s3:::*", True),
        ("arn:aws:iam::*:role/*", True),
        ("arn:aws:kms:eu-west-1:111122223333:*", True),
        ("arn:aws:*", True),
        ("arn:aws:s3:::*/*", True),
        ("arn:aws:secretsmanager:*:*:secret:*", True),
        ("arn:aws:lambda:eu-west-1:????????????:function:*", True),
        ("arn:aws:secretsmanager:*:*:secret:churn-*", False),
        ("arn:aws:s3:::bucket/*", False),
        ("arn:aws:iam::111122223333:role/*", False),
        ("arn:aws:sagemaker:eu-west-1:111122223333:model/churn-*", False),
    ],
)
def test_which_patterns_cover_every_resource(resource: str, star: bool) -> None:
    assert is_star(resource) is star


def test_the_table_of_actions_without_resources() -> None:
    assert takes_no_resource("ecr:GetAuthorizationToken")
    assert takes_no_resource("CLOUDWATCH:PutMetricData")
    assert not takes_no_resource("s3:GetObject")
    assert not takes_no_resource("ec2:Describe*")
    assert not takes_no_resource("ecs:Describe*")
    assert takes_no_resource("elasticloadbalancing:Describe*")
    assert not takes_no_resource("elasticloadbalancing:D*")
    assert takes_no_resource("ec2:DescribeA*")
    assert takes_no_resource("ec2:DescribeAddr*")
    assert not takes_no_resource("ec2:DescribeI*")  # DescribeImageAttribute takes one
    assert not takes_no_resource("ec2:DescribeA*Attribute*")
    assert not takes_no_resource("ec2:DescribeA")
    assert not takes_no_resource("elasticloadbalancing:*")
    assert not takes_no_resource("unknown:Thing")
    assert {"s3", "kms", "sagemaker", "iam", "logs"} <= set(unscoped_actions())


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("StringEquals", True),
        ("ForAnyValue:StringLike", True),
        ("ArnLike", True),
        ("StringNotEquals", False),
        ("StringEqualsIfExists", False),
        ("ForAllValues:StringEquals", False),
        ("Null", False),
    ],
)
def test_which_conditions_a_request_has_to_pass(operator: str, holds: bool) -> None:
    entry = {"Effect": "Allow", "Action": "*", "Condition": {operator: {"aws:SourceAccount": "1"}}}
    (allow,) = statements(document({"Statement": entry}))
    assert allow.narrows("aws:SourceAccount") is holds
    (deny,) = statements(document({"Statement": {**entry, "Effect": "Deny"}}))
    assert deny.narrows("aws:SourceAccount") is (operator not in ("StringNotEquals", "Null"))


@pytest.mark.parametrize(
    "value",
    [
        "*",
        "arn:aws:*",
        "arn:aws-cn:*",
        "arn:aws-us-gov:*:*",
        "arn:*",
        "arn:*:*:*:*:*",
        "?*",
        "arn:aws:sns:eu-west-1:*:alerts",
        "arn:aws:s3:::*-logs",
    ],
)
def test_a_condition_that_everything_passes_narrows_nothing(value: str) -> None:
    entry = {"Effect": "Allow", "Action": "*", "Condition": {"StringLike": {"aws:SourceArn": ["arn:aws:x", value]}}}
    (statement,) = statements(document({"Statement": entry}))
    assert not statement.narrows("aws:SourceArn")


@pytest.mark.parametrize(
    ("key", "value", "holds"),
    [
        ("aws:PrincipalOrgID", "o-*", False),
        ("aws:SourceAccount", "1111*", False),
        ("iam:PassedToService", "*.amazonaws.com", False),
        ("aws:SourceIp", "0.0.0.0/0", False),
        ("aws:SourceArn", "arn:aws:s3:::churn-*", True),
        ("aws:PrincipalArn", "arn:aws:iam::111122223333:role/churn-*", True),
    ],
)
def test_what_a_pattern_in_a_condition_leaves_open(key: str, value: str, holds: bool) -> None:
    entry = {"Effect": "Allow", "Action": "*", "Condition": {"StringLike": {key: value}}}
    (statement,) = statements(document({"Statement": entry}))
    assert statement.narrows(key) is holds
    assert statement.unconditional is not holds


@pytest.mark.parametrize(
    ("action", "resource", "throughout"),
    [
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:*", True),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/*", True),
        ("lambda:UpdateFunctionCode", "arn:aws:ec2:eu-west-1:111122223333:network-interface/*", False),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:churn-*", False),
        ("s3:GetObject", "arn:aws:s3:::bucket/*", False),
    ],
)
def test_what_is_allowed_on_all_of_a_kind(action: str, resource: str, throughout: bool) -> None:
    entry = {"Effect": "Allow", "Action": action, "Resource": resource}
    (statement,) = statements(document({"Statement": entry}))
    assert statement.grants_throughout(action) is throughout


@pytest.mark.parametrize("value", [{}, {"statement": [ENTRY]}, {"Statement": []}, {"Statement": ["Allow"]}])
def test_a_document_without_statements_is_a_violation(value: Any) -> None:
    with pytest.raises(Malformed, match=r"^policy has no list of statements$"):
        statements(document(value))


@pytest.mark.parametrize("condition", ["x", ["x"], {"StringEquals": "x"}])
def test_a_condition_of_another_form_is_a_violation(condition: Any) -> None:
    with pytest.raises(Malformed, match=r"^policy has a Condition that is no object of objects$"):
        statements(document({"Statement": {**ENTRY, "Condition": condition}}))


def test_a_misspelt_effect_is_judged_as_if_it_allowed() -> None:
    (statement,) = statements(document({"Statement": {**ENTRY, "Effect": "allow"}}))
    assert statement.allows


def test_actions_match_without_case() -> None:
    assert matches("S3:get*", "s3:GetObject")
    assert not matches("s3:Get?", "s3:GetObject")


@pytest.mark.parametrize(
    ("principal", "service"),
    [
        ("events.amazonaws.com", True),
        ("ec2.amazonaws.com.cn", True),
        ("lambda.amazonaws.eu", True),
        ("ec2.c2s.ic.gov", True),
        ("111122223333", False),
        ("*", False),
        ("arn:aws:iam::111122223333:role/one.two", False),
    ],
)
def test_a_service_is_told_in_every_partition(principal: str, service: bool) -> None:
    assert is_service(principal) is service


def test_a_service_that_sends_no_source_has_another_domain_in_china() -> None:
    def trusts(principal: str) -> list[str]:
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": principal}}
        role = Specimen("iam/role", "nodes", {"assumeRolePolicy": {"Statement": [statement]}})
        return [each.message for each in judge([role], only=["iam-trust-policy-scoped"]).violations]

    assert trusts("ec2.amazonaws.com") == trusts("ec2.amazonaws.com.cn") == []
    assert len(trusts("sagemaker.amazonaws.com")) == len(trusts("sagemaker.amazonaws.com.cn")) == 1
