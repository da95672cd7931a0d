"""A stack that is delivered from outside: judged by the strict levels, and permitted all that it declares."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from automation.cost import Document, Traffic, estimate
from components.delivery import services
from local.judge.evidence import judge
from local.runtime import Stack
from tests import iam
from tests.synth.conftest import STACKS, synthesised, written_types

PACK = Path(__file__).parents[2] / "policies"
DELIVERY = {
    "github": {"repository": "example/ml-platform"},
    "state_bucket": "example-pulumi-state",
    "state_key": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
}
NETWORK = {"create": {"cidr": "10.20.0.0/16", "nat": "per_az"}}


#: A digest that no other image has.
PIPELINE = {
    "source": {"kind": "codecommit", "repository": "ml-platform"},
    "trains": True,
    "image": f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/delivery@sha256:{'0' * 64}",
    "approvers": ["lead@example.com"],
}


@cache
def by_pipeline() -> dict[str, Any]:
    """Staging with a pipeline of its own, which signs images and deploys production."""
    section = {"codepipeline": PIPELINE, "state_bucket": "example-pulumi-state", "state_key": DELIVERY["state_key"]}
    return Stack("staging", config_overrides={"delivery": section}).synth()


@cache
def by_staging() -> dict[str, Any]:
    """Prod, deployed by staging's pipeline, which also brings models."""
    deployed = {"stack": "staging", "models_key": DELIVERY["state_key"]}
    return Stack("prod", config_overrides={"delivery": {"deployed_by": deployed, "state_bucket": "state"}}).synth()


@cache
def delivered() -> dict[str, Any]:
    """Prod, delivered from a repository, with all that a network of its own can have."""
    return Stack("prod", config_overrides={"delivery": DELIVERY, "network": NETWORK}).synth()


@cache
def with_fargate() -> dict[str, Any]:
    """Prod, delivered from a repository, with its endpoint on Fargate."""
    endpoint = {
        "kind": "fargate",
        "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
        "client_security_groups": ["sg-0123456789abcdef0"],
    }
    workloads = {"churn": {"contract": "contracts/churn.yaml", "endpoints": {"live": endpoint}}}
    return Stack("prod", config_overrides={"delivery": DELIVERY, "workloads": workloads}).synth()


def judged(document: dict[str, Any]) -> set[str]:
    """The policies that passed on what is about delivery. None of the strict ones fails on it."""
    report = judge(document, PACK, PACK / "config" / "strict.json")
    mine = [result for result in report.results if "delivery" in result.urn.rpartition("::")[2]]
    assert [(result.urn, result.message) for result in report.failures if result in mine] == []
    return {result.policy for result in mine if result.outcome == "passed"}


def test_the_policies_find_nothing_about_a_pipeline() -> None:
    assert {
        "codebuild-logging",
        "codebuild-no-insecure-ssl",
        "codebuild-not-public",
        "codepipeline-codebuild-cmk",
        "core-alarms-present",
        "iam-trust-policy-scoped",
        "iam-permissions-boundary",
        "iam-no-privilege-escalation",
    } <= judged(by_pipeline())


def test_the_policies_find_nothing_about_who_delivers() -> None:
    assert {
        "iam-trust-policy-scoped",
        "iam-permissions-boundary",
        "iam-no-resource-star",
        "iam-no-service-wildcard",
        "iam-no-data-exfiltration",
        "iam-no-privilege-escalation",
        "iam-pass-role-scoped",
    } <= judged(delivered())
    assert judged(with_fargate()) == judged(delivered())


@pytest.mark.parametrize(
    ("document", "boundaries"),
    [
        (by_pipeline, {"mlplatform-staging-boundary", "mlplatform-staging-ingestion-boundary"}),
        (
            with_fargate,
            {"mlplatform-prod-boundary", "mlplatform-prod-ingestion-boundary", "mlplatform-prod-services-boundary"},
        ),
    ],
)
def test_a_deployment_makes_roles_within_each_boundary_that_a_role_of_the_platform_has(
    document: Callable[[], dict[str, Any]], boundaries: set[str]
) -> None:
    resources = document()["resources"]
    roles = [each["inputs"] for each in resources if each["type"] == "aws:iam/role:Role"]
    needed = {each["permissionsBoundary"] for each in roles if "-delivery-" not in each["name"]}
    assert {arn.rpartition("/")[2] for arn in needed} == boundaries
    policies = [each["inputs"] for each in resources if each["type"] == "aws:iam/policy:Policy"]
    (bound,) = [
        statement
        for policy in policies
        if "-delivery-ground" in policy["name"]
        for statement in json.loads(policy["policy"])["Statement"]
        if statement["Sid"] == "BoundRoles"
    ]
    assert set(bound["Condition"]["StringEquals"]["iam:PermissionsBoundary"]) == needed


def test_a_deployment_may_make_every_type_of_resource_that_a_stack_or_a_component_declares() -> None:
    documents = [
        delivered(),
        by_pipeline(),
        with_fargate(),
        *(synthesised(stack, bootstrap) for stack in STACKS for bootstrap in (True, False)),
    ]
    declared = {resource["type"] for document in documents for resource in document["resources"]} | written_types()
    assert "aws:sagemaker/monitoringSchedule:MonitoringSchedule" in declared
    types = {each.removeprefix("aws:").rpartition(":")[0] for each in declared if each.startswith("aws:")}
    permitted = {
        each
        for service in services.of(["sagemaker", "component", "ecs", "lambda"], pipelines=True, glue=True).values()
        for each in service.types.split()
    }
    assert types - permitted == set(), "their component names them in its SERVICES (components/service.py)"


def audited() -> dict[str, Any]:
    return Stack("prod", config_overrides={"delivery": DELIVERY, "audit": {"trail": True}}).synth(bootstrap=True)


@pytest.mark.parametrize(
    ("document", "service"), [(audited, "cloudtrail"), (with_fargate, "ecs"), (with_fargate, "ecs-tasks")]
)
def test_a_deployment_may_hand_every_role_to_the_service_that_takes_it(
    document: Callable[[], dict[str, Any]], service: str
) -> None:
    resources = document()["resources"]
    roles = [found["inputs"] for found in resources if found["type"] == "aws:iam/role:Role"]
    trusted = [json.loads(role["assumeRolePolicy"])["Statement"][0]["Principal"] for role in roles]
    taken = {principal["Service"] for principal in trusted if "Service" in principal}
    assert f"{service}.amazonaws.com" in taken
    policies = [found["inputs"] for found in resources if found["type"] == "aws:iam/policy:Policy"]
    handed = {
        service
        for policy in policies
        for statement in json.loads(policy["policy"])["Statement"]
        if "delivery" in policy["name"] and statement["Action"] == ["iam:PassRole"]
        for service in statement["Condition"]["StringEquals"]["iam:PassedToService"]
    }
    assert handed >= taken


def test_the_policies_find_nothing_about_who_registers_models_of_another_stack() -> None:
    assert "iam-no-data-exfiltration" in judged(by_staging())
    assert set(by_staging()["outputs"]["delivery_roles"]) == {"preview", "deploy", "register"}


def test_a_stack_exports_whom_it_is_delivered_by_and_is_otherwise_the_same() -> None:
    assert set(delivered()["outputs"]["delivery_roles"]) == {"preview", "deploy"}
    assert "delivery_roles" not in synthesised("prod", False)["outputs"]
    roles = {role for role in iam.roles(delivered()) if "-delivery-" not in role}
    assert roles == set(iam.roles(synthesised("prod", False)))


def test_whom_a_stack_is_delivered_by_costs_nothing() -> None:
    lines = estimate(Document.of(delivered()), Traffic()).lines
    assert lines
    assert [line for line in lines if line.component.startswith("delivery")] == []
