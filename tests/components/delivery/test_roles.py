from __future__ import annotations

import functools
import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components import delivery
from components.delivery.roles import DEPLOY_SECONDS
from contracts.kinds.kind import Host
from contracts.names import MAX_STACK, Names
from settings import Delivery
from tests.components.engine import LIVE, NAMES, STACK, Deployment, deploy, ground

GITHUB: dict[str, Any] = {"repository": "example/ml-platform"}
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
ROLE, POLICY = "aws:iam/role:Role", "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ISSUER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"


def built(
    names: Names = NAMES,
    *,
    protect: bool = False,
    hosts: Collection[Host] = (),
    archives: bool = False,
    **settings: Any,
) -> Deployment:
    def program() -> None:
        given = Delivery.model_validate(settings)
        base, none = ground(names, protect=protect), pulumi.ResourceOptions()
        arns = delivery.build(base, given, [LIVE], none, hosts, archives=archives)
        pulumi.export("arns", arns)

    return deploy(program)


@functools.cache
def on_github() -> Deployment:
    return built(github=GITHUB, state_bucket="example-pulumi-state")


def subjects(deployment: Deployment, role: str) -> list[str]:
    statements = json.loads(deployment.one(f"delivery-{role}-role").inputs["assumeRolePolicy"])["Statement"]
    assert all("Resource" not in each for each in statements)
    conditions = [test for each in statements for test in each["Condition"].values()]
    return [claim for test in conditions for key, claim in test.items() if key.endswith(":sub")]


def test_nobody_delivers_unless_the_stack_says_who() -> None:
    found = built()
    assert found.names(ISSUER) == []
    assert [name for name in found.names(ROLE) if name.startswith("delivery")] == []
    assert found.outputs[STACK] == {"arns": {}}


def test_a_role_reads_and_a_role_deploys_each_for_an_environment_of_its_own() -> None:
    found = on_github()
    assert found.outputs[STACK] == {
        "arns": {
            "preview": "arn:aws:iam::123456789012:role/mlplatform-admin/staging/mlplatform-staging-delivery-preview",
            "deploy": "arn:aws:iam::123456789012:role/mlplatform-admin/staging/mlplatform-staging-delivery-deploy",
        }
    }
    assert subjects(found, "preview") == ["repo:example/ml-platform:environment:staging-preview"]
    assert subjects(found, "deploy") == ["repo:example/ml-platform:environment:staging"]
    seconds = {role: found.one(f"delivery-{role}-role").inputs["maxSessionDuration"] for role in ("preview", "deploy")}
    assert seconds == {"preview": 3600, "deploy": DEPLOY_SECONDS}


def test_the_role_of_previews_has_the_reading_policy_alone() -> None:
    attached = [(each.name, *each.input_dependencies["policyArn"]) for each in on_github().all(ATTACHMENT)]
    reading, changing = (
        ["delivery-read", "delivery-read-2"],
        ["delivery-change", "delivery-change-2", "delivery-ground"],
    )
    assert attached == [
        (f"delivery-{role}-policy-{number}", policy)
        for role, policies in (("deploy", [*reading, *changing]), ("preview", reading))
        for number, policy in enumerate(policies, 1)
    ]


def test_both_roles_are_bounded_by_a_policy_of_their_own_or_by_the_accounts() -> None:
    roles = ("delivery-preview-role", "delivery-deploy-role")
    own = on_github()
    assert {own.one(role).input_dependencies["permissionsBoundary"] for role in roles} == {("delivery-boundary",)}
    account = "arn:aws:iam::123456789012:policy/accounts"
    given = built(github=GITHUB, permissions_boundary=account)
    assert {given.one(role).inputs["permissionsBoundary"] for role in roles} == {account}
    assert "delivery-boundary" not in given.names(POLICY)


def test_the_provider_of_tokens_is_made_once_and_stays_where_the_stack_is_protected() -> None:
    made = on_github().one("delivery-github").inputs
    assert made["url"] == "https://token.actions.githubusercontent.com"
    assert made["clientIdLists"] == ["sts.amazonaws.com"]
    assert not on_github().one("delivery-github").protect
    assert built(protect=True, github=GITHUB).one("delivery-github").protect
    assert "delivery-github" in on_github().one("delivery-deploy-role").dependencies


def test_a_provider_that_the_account_has_is_used() -> None:
    found = built(github=GITHUB | {"provider": PROVIDER})
    assert found.names(ISSUER) == []
    trusted = json.loads(found.one("delivery-deploy-role").inputs["assumeRolePolicy"])["Statement"][0]["Principal"]
    assert trusted == {"Federated": PROVIDER}


def test_github_and_gitlab_may_both_deliver() -> None:
    found = built(github=GITHUB, gitlab={"project": "example/ml/platform"})
    assert found.names(ISSUER) == ["delivery-github", "delivery-gitlab"]
    assert subjects(found, "deploy") == [
        "repo:example/ml-platform:environment:staging",
        "project_path:example/ml/platform:ref_type:branch:ref:main",
    ]


def test_names_that_leave_no_room_for_the_boundary_are_told_before_anything_is_made() -> None:
    longest = replace(NAMES, stack="s" * MAX_STACK, region="us-gov-west-1", partition="aws-us-gov")
    with pytest.raises(pulumi.RunError, match=r"delivery: found \d+ characters of policy 'boundary'; allowed: 6144; "):
        built(longest, hosts=["ecs", "lambda"], github=GITHUB, state_bucket="b" * 63)


def test_models_are_promoted_to_endpoints_of_several_where_there_are_some_and_the_boundary_holds_it() -> None:
    def written(deployment: Deployment) -> str:
        return "".join(each.inputs["policy"] for each in deployment.all(POLICY) if "boundary" not in each.name)

    several = built(github=GITHUB, state_bucket="example-pulumi-state", archives=True)
    place = '"arn:aws:s3:::123456789012-staging-ai-artifacts/models/*/*"'
    assert place in written(several)
    assert place not in written(on_github())
    longest = "a" * MAX_STACK
    built(replace(NAMES, stack=longest), github=GITHUB, state_bucket="example-pulumi-state", archives=True)
    built(NAMES, hosts=["ecs"], github=GITHUB, state_bucket="example-pulumi-state", archives=True)
