from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components.ground.boundary import (
    MAX_CHARACTERS,
    Access,
    AccessArgs,
    Bounded,
    boundary_statements,
    committed,
    key_token,
    longest,
    unnamed,
)
from components.ground.keys import Domain, Keys, KeysArgs
from components.without_resource import WITHOUT_RESOURCE
from contracts.names import MAX_STACK, Names
from settings.keys import Keys as KeySettings
from tests.components.engine import BOUNDARY, NAMES, Deployment, deploy

KEYS: Mapping[Domain, pulumi.Input[str]] = {domain: f"arn:key-{domain}" for domain in Domain}


def access(permissions_boundary: str | None = None) -> Deployment:
    def program() -> None:
        keys = Keys("keys", KeysArgs(names=NAMES, settings=KeySettings(), protect=False))
        Access("access", AccessArgs(names=NAMES, keys=keys, permissions_boundary=permissions_boundary))

    return deploy(program)


JOBS = committed(Bounded.JOBS)


def statements(whose: Bounded = Bounded.JOBS) -> dict[str, dict[str, Any]]:
    return {s.sid: s.to_dict() for s in boundary_statements(committed(whose), NAMES, KEYS)}


def test_the_platform_makes_its_boundary() -> None:
    deployment = access()
    policy = deployment.one("access-boundary").inputs
    assert policy["name"] == "mlplatform-staging-boundary"
    assert deployment.outputs["access"] == {
        "permissionsBoundary": "arn:aws:iam:eu-west-1:123456789012:policy/mlplatform-staging-boundary"
    }
    found = json.loads(policy["policy"])["Statement"]
    assert [s["Action"] for s in found] == [s["Action"] for s in JOBS["Statement"]]
    assert not any("Sid" in s for s in found)
    assert "<" not in policy["policy"]


@pytest.mark.parametrize("whose", list(Bounded))
def test_the_longest_names_fit_into_a_managed_policy(whose: Bounded) -> None:
    assert 1500 < longest(committed(whose)) <= MAX_CHARACTERS


@pytest.mark.parametrize(
    ("partition", "region"),
    [("aws", "ap-southeast-2"), ("aws-iso-e", "eu-isoe-west-1"), ("aws-eusc", "eusc-de-east-1")],
)
def test_no_partition_has_longer_names_than_the_one_that_is_measured(partition: str, region: str) -> None:
    names = Names(stack="s" * MAX_STACK, account=NAMES.account, region=region, partition=partition)
    keys = {domain: names.arn("kms", "key/12345678-1234-1234-1234-123456789012") for domain in Domain}
    listed = [s.to_dict() for s in unnamed(boundary_statements(JOBS, names, keys))]
    text = json.dumps({"Version": "2012-10-17", "Statement": listed}, separators=(",", ":"))
    assert len(text) <= longest(JOBS)


def test_one_key_for_everything_is_named_once() -> None:
    arn = "arn:aws:kms:eu-west-1:123456789012:key/one"
    found = {s.sid: s.resources for s in boundary_statements(JOBS, NAMES, dict.fromkeys(Domain, arn))}
    assert (found["Kms"], found["KmsGrantIsForAWSResource"]) == ((arn,), (arn,))


def test_tokens_become_what_is_the_stacks_own() -> None:
    document = {
        "Statement": [
            {
                "Sid": "S",
                "Action": ["sns:Publish"],
                "Resource": ["arn:<partition>:sns:<region>:<account>:*-<stack>-*", key_token(Domain.MODELS)],
            }
        ]
    }
    names = Names(stack="prod", account="210987654321", region="cn-north-1", partition="aws-cn")
    (statement,) = boundary_statements(document, names, KEYS)
    assert statement.resources == ("arn:aws-cn:sns:cn-north-1:210987654321:*-prod-*", "arn:key-models")


def test_databases_have_no_hyphen_where_a_stack_has_one() -> None:
    table = "arn:<partition>:glue:<region>:<account>:table/*_<stack>/*"
    document = {"Statement": [{"Sid": "S", "Action": ["glue:GetTable"], "Resource": [table]}]}
    names = Names(stack="prod-eu", account="123456789012", region="eu-west-1")
    (statement,) = boundary_statements(document, names, KEYS)
    assert statement.resources == ("arn:aws:glue:eu-west-1:123456789012:table/*_prod_eu/*",)


def test_an_account_with_its_own_boundary_keeps_it() -> None:
    deployment = access(BOUNDARY)
    assert deployment.names("aws:iam/policy:Policy") == []
    assert deployment.outputs["access"] == {"permissionsBoundary": BOUNDARY}


def test_every_resource_of_the_boundary_is_of_this_stack() -> None:
    open_ended = [sid for sid, s in statements().items() if "*" in s["Resource"]]
    assert open_ended == ["CloudwatchNamespace", "WithoutResource"]
    everything = [sid for sid, s in statements().items() for r in s["Resource"] if r.endswith(":123456789012:*")]
    assert everything == []


def test_people_hand_no_role_on_and_change_no_permissions() -> None:
    people = (Bounded.DATA, Bounded.PEOPLE)
    actions = {action for whose in people for s in statements(whose).values() for action in s["Action"]}
    assert {a for a in actions if a.startswith(("iam:", "organizations:", "sts:"))} == {
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
    }
    # of locks and archives, and of dead letters that are sent again
    assert {a for a in actions if "Delete" in a} == {"s3:DeleteObject", "sqs:DeleteMessage"}


def test_the_boundary_allows_no_change_of_permissions() -> None:
    actions = {action for s in statements().values() for action in s["Action"]}
    assert {a for a in actions if a.startswith(("iam:", "organizations:", "sts:"))} == {"iam:PassRole"}
    assert set(statements()["WithoutResource"]["Action"]) < WITHOUT_RESOURCE
    passing = statements()["IamPassedToService"]
    assert passing["Resource"] == ["arn:aws:iam::123456789012:role/mlplatform/staging/*"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert statements()["KmsGrantIsForAWSResource"]["Resource"] == ["arn:key-models"]
