"""Delivery's boundary allows what its policies do, all fit into what IAM takes, and what a stack lacks is in none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from moto.iam.policy_validation import IAMPolicyDocumentValidator
from policy_sentry.querying.actions import get_actions_for_service

from components.access import Statement
from components.delivery import lake, permissions
from components.delivery import services as declared
from components.delivery.permissions import state
from components.delivery.services import Services
from components.delivery.size import UNSCOPED, characters, fitting
from components.ground.boundary import MAX_CHARACTERS
from contracts.names import Names
from policies.guardrails.patterns import takes_no_resource
from tests import iam
from tests.components.delivery.policies import (
    BOUND,
    BOUND_WITH_ECS,
    BOUNDARY,
    CHANGE,
    DEPLOY,
    DEPLOY_ON_ECS,
    GROUND,
    ISSUERS,
    KEY,
    ON_ECS,
    OWN,
    READ,
    STATE,
    WITH_ECS,
    arn,
    bounded,
    role,
    simulated,
    written,
)
from tests.components.engine import NAMES


def test_every_action_is_one_of_aws() -> None:
    services = declared.of(["sagemaker", "ecs"], pipelines=True)
    known = {name.lower() for service in services for name in get_actions_for_service(service)}
    # later than the table of the tests' library (AWS's reference of November 2026)
    later = {"logs:putloggroupdeletionprotection", "s3:listtagsforresource", "s3:tagresource", "s3:untagresource"}
    asked = {
        f"{name}:{verb}".lower()
        for name, service in services.items()
        for verb in f"{service.reads} {service.changes} {service.reads_anywhere} {service.changes_anywhere}".split()
    }
    assert asked - known - later == set()


@pytest.mark.parametrize(
    ("policies", "bound"),
    [((READ, CHANGE, GROUND), BOUND), (WITH_ECS, BOUND_WITH_ECS)],
    ids=["SageMaker alone", "with Fargate"],
)
def test_the_boundary_allows_all_that_the_policies_do(
    policies: Iterable[list[Statement]], bound: list[Mapping[str, Any]]
) -> None:
    for policy in policies:
        for statement in simulated(policy):
            if statement["Effect"] == "Allow":
                for action, resource, facts in iam.asked(statement):
                    assert iam.allows(bound, None, action, resource, {**facts, **OWN}), (action, resource)


def test_what_takes_no_resource_is_one_pattern_only_where_nothing_that_takes_one_begins_so() -> None:
    assert all(takes_no_resource(f"{beginning}*") for beginning in UNSCOPED)
    (anywhere,) = [s for s in bounded(NAMES, *WITH_ECS) if s.resources == ("*",) and s.effect == "Allow"]
    patterns = [action for action in anywhere.actions if "*" in action]
    assert patterns == [
        "application-autoscaling:Describe*",
        *(f"ec2:Describe{letter}*" for letter in "ANPR"),
        "elasticloadbalancing:Describe*",
    ]
    assert "ec2:DescribeSubnets" in anywhere.actions


def test_who_delivers_changes_services_of_ecs_only_where_the_stack_has_them() -> None:
    service = arn("ecs", "service/churn-{0}-live/churn-{0}-live")
    rule = arn("elasticloadbalancing", "listener-rule/app/churn-{0}-live/1/2/3")
    for action, resource in (("ecs:UpdateService", service), ("elasticloadbalancing:ModifyRule", rule)):
        assert DEPLOY_ON_ECS.may(action, resource.format("staging"))
        assert not DEPLOY_ON_ECS.may(action, resource.format("prod"))
        assert not DEPLOY.may(action, resource.format("staging"))
    # how the provider learns that a deployment has ended
    rollout = arn("ecs", "service-deployment/churn-{0}-live/churn-{0}-live/ejGvqq2ilnbKT9qj0vLJe")
    assert DEPLOY_ON_ECS.may("ecs:DescribeServiceDeployments", rollout.format("staging"))
    assert not DEPLOY_ON_ECS.may("ecs:DescribeServiceDeployments", rollout.format("prod"))
    job = role("churn-staging-live-execution")
    for which, allowed in ((DEPLOY_ON_ECS, True), (DEPLOY, False)):
        assert which.may("elasticloadbalancing:DescribeRules", "*") is allowed
        assert which.may("iam:PassRole", job, {"iam:PassedToService": "ecs-tasks.amazonaws.com"}) is allowed
        boundary = BOUNDARY.replace("staging-boundary", "staging-services-boundary")
        assert which.may("iam:CreateRole", job, {"iam:PermissionsBoundary": boundary}) is allowed
        linked = "arn:aws:iam::123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
        assert which.may("iam:CreateServiceLinkedRole", linked, {"iam:AWSServiceName": "ecs.amazonaws.com"}) is allowed


def test_who_delivers_reads_pipelines_of_aws_only_where_the_stack_has_them() -> None:
    pipelines = written(services=declared.of(pipelines=True))[0]
    for policy, allowed in ((pipelines, True), (READ, False)):
        asks = {action for statement in policy for action in statement.actions}
        assert ("codepipeline:GetPipeline" in asks) is allowed
        assert ("codebuild:BatchGetProjects" in asks) is allowed


def test_who_delivers_moves_aliases_and_tests_functions_only_where_the_stack_has_them() -> None:
    read, change, ground = written(services=declared.of(["lambda"]))
    bound = simulated(bounded(NAMES, read, change, ground))
    deploys = iam.Role(name="deploy", statements=simulated([*read, *change, *ground]), boundary=bound)
    alias = arn("lambda", "function:churn-{0}-live:live")
    group = arn("codedeploy", "deploymentgroup:churn-{0}-live/churn-{0}-live")
    for action, resource in (("lambda:InvokeFunction", alias), ("codedeploy:CreateDeployment", group)):
        assert deploys.may(action, resource.format("staging"))
        assert not deploys.may(action, resource.format("prod"))
        assert not DEPLOY.may(action, resource.format("staging"))
    for function in ("churn-staging-live-rollback", "churn-staging-live-rollback:live-1", "churn-staging-live"):
        assert not deploys.may("lambda:InvokeFunction", arn("lambda", f"function:{function}"))


def test_the_boundary_changes_roles_of_the_stack_alone_and_each_with_a_boundary_of_the_stack() -> None:
    deploy, made = ("iam:CreateRole", role("churn-staging-live-execution")), {"iam:PermissionsBoundary": BOUNDARY}
    assert iam.allows(BOUND, None, *deploy, made)
    assert not iam.allows(BOUND, None, *deploy, {})
    assert not iam.allows(BOUND, None, *deploy, {"iam:PermissionsBoundary": BOUNDARY.replace("staging", "prod")})
    others = "arn:aws:iam::123456789012:role/mlplatform/prod/churn-prod-live-execution"
    assert not iam.allows(BOUND, None, "iam:CreateRole", others, made)


def test_services_make_roles_of_their_own_for_what_the_stack_has_alone() -> None:
    def may_link(service: str) -> bool:
        linked = f"arn:aws:iam::123456789012:role/aws-service-role/{service}/any"
        return iam.allows(BOUND_WITH_ECS, None, "iam:CreateServiceLinkedRole", linked, {"iam:AWSServiceName": service})

    assert may_link("ecs.amazonaws.com")
    assert may_link("ecs.application-autoscaling.amazonaws.com")
    assert not may_link("rds.amazonaws.com")
    assert not may_link("application-autoscaling.amazonaws.com.example.com")


def test_who_delivers_makes_jobs_of_glue_only_where_the_stack_has_one() -> None:
    spark = [*written(services=declared.of(glue=True))[1], *written(services=declared.of(glue=True))[2]]
    for policy, allowed in ((spark, True), ([*CHANGE, *GROUND], False)):
        assert ("glue:CreateJob" in {action for statement in policy for action in statement.actions}) is allowed


def _given(statements: Iterable[Statement]) -> list[tuple[str, str, tuple[Any, ...]]]:
    """Action by action, whichever statement says it."""
    return [(s.sid, action, tuple(s.resources)) for s in statements for action in s.actions]


EVERYTHING = declared.of(["ecs", "lambda"], pipelines=True, glue=True)


@pytest.mark.parametrize(("partition", "region"), [("aws", "ap-southeast-1"), ("aws-us-gov", "us-gov-west-1")])
@pytest.mark.parametrize(
    ("letters", "services", "guarded"),
    [
        (31, declared.of(pipelines=True, glue=True), True),
        (26, declared.of(["lambda"]), True),
        (21, ON_ECS, False),
        (17, ON_ECS, True),
        (13, declared.of(["ecs", "lambda"]), False),
        (7, EVERYTHING, False),
    ],
    ids=["pipelines, Spark", "Lambda", "Fargate", "Fargate, guarded", "Fargate, Lambda", "everything"],
)
def test_policies_and_boundary_fit_into_managed_policies(
    letters: int, services: Services, guarded: bool, partition: str, region: str
) -> None:
    names = Names(stack="s" * letters, account="123456789012", region=region, partition=partition)
    read, change, ground = written(names, ISSUERS[:1], services)
    if guarded:
        read, ground = [*read, lake.READS], [*ground, lake.TAGS]
    every = [fitting(names, policy) for policy in (read, change, ground)]
    for policies, whole in zip(every, (read, change, ground), strict=True):
        assert _given(s for policy in policies for s in policy) == _given(whole)
    parts = [policy for policies in every for policy in policies]
    assert len(parts) <= 10, "a role takes ten managed policies (IAM user guide, quotas)"
    for policy in (*parts, bounded(names, read, change, ground)):
        assert characters(names, policy) <= MAX_CHARACTERS


def test_statements_that_one_policy_cannot_hold_are_given_to_several_in_their_order() -> None:
    large = [
        Statement(sid=f"Number{n}", effect="Allow", actions=("s3:GetObject",), resources=("a" * 2000,))
        for n in range(4)
    ]
    assert fitting(NAMES, large) == [large[:2], large[2:]]
    assert fitting(NAMES, large[:1]) == [large[:1]]


def test_a_statement_that_no_policy_can_hold_is_parted_by_its_actions() -> None:
    actions = tuple(f"s3:{'Get' * 300}{n}" for n in range(5))
    large = Statement(sid="All", effect="Allow", actions=actions, resources=("a" * 2000,))
    policies = fitting(NAMES, [large])
    assert [each.actions for policy in policies for each in policy] == [actions[:2], actions[2:]]
    assert {each.resources for policy in policies for each in policy} == {large.resources}
    one = Statement(sid="One", effect="Allow", actions=("s3:Get",), resources=("a" * 7000,))
    assert fitting(NAMES, [one]) == [[one]]  # who makes the policy refuses it


def test_what_is_not_known_yet_counts_as_long_as_it_can_be() -> None:
    statement = Statement(sid="A", effect="Allow", actions=("s3:GetObject",), resources=("x",))
    empty = characters(NAMES, [statement])
    assert characters(NAMES, [statement, statement]) == 2 * empty - len('{"Version":"2012-10-17","Statement":[]}') + 1


def test_the_state_is_elsewhere_unless_the_stack_names_its_bucket() -> None:
    assert state(NAMES, None, None, write=False) == []
    assert [each.sid for each in state(NAMES, STATE, None, write=True)] == ["WriteState"]
    assert [each.sid for each in state(NAMES, None, KEY, write=False)] == ["ReadSecrets"]


def test_iam_takes_every_policy() -> None:
    for policy in (READ, CHANGE, [*GROUND, permissions.unchanged(NAMES)], bounded(NAMES, READ, CHANGE, GROUND)):
        document = {"Version": "2012-10-17", "Statement": [each.to_dict() for each in policy]}
        IAMPolicyDocumentValidator(json.dumps(document)).validate()  # raises for what IAM refuses
