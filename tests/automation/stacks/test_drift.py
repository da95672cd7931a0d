"""What is drift, and what AWS or the platform changes itself."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from automation.stacks import deployment, drift, workspace
from automation.stacks.deployment import Changes
from automation.stacks.log import Step
from local.adapter import provider
from tests.automation.stacks.conftest import BUCKET, ENDPOINT, RESOURCES, Engine


def judged(op: str, kind: str, *keys: str) -> tuple[bool, bool]:
    """Whether a step is drift, and whether it is allowed."""
    step = Step(op=op, urn=f"urn:pulumi:s::p::{kind}::name", type=kind, keys=keys)
    found = drift.judged(Changes(steps=[step], counts={}, advisories=[]))
    return found.foreign == [step], [each for each, _ in found.allowed] == [step]


@pytest.mark.parametrize(
    ("op", "kind", "keys"),
    [
        ("update", ENDPOINT, ["endpointConfigName"]),
        ("update", "aws:appautoscaling/target:Target", ["maxCapacity", "minCapacity"]),
        ("update", "aws:lambda/function:Function", ["version"]),
    ],
)
def test_what_aws_and_the_platform_change_is_no_drift(op: str, kind: str, keys: Sequence[str]) -> None:
    assert judged(op, kind, *keys) == (False, True)


@pytest.mark.parametrize(
    ("op", "kind", "keys"),
    [
        ("update", ENDPOINT, ["endpointConfigName", "tags"]),
        ("update", ENDPOINT, []),
        ("delete", ENDPOINT, ["endpointConfigName"]),
        ("update", "aws:appautoscaling/target:Target", ["roleArn"]),
        ("update", "aws:iam/role:Role", ["managedPolicyArns"]),
        ("update", "aws:ec2/securityGroup:SecurityGroup", ["ingress"]),
        ("update", "aws:kms/key:Key", ["policy"]),
        ("update", "aws:ec2/routeTable:RouteTable", ["routes"]),
        ("update", BUCKET, ["acl"]),
    ],
)
def test_what_a_person_changed_is_drift(op: str, kind: str, keys: Sequence[str]) -> None:
    assert judged(op, kind, *keys) == (True, False)


def outputs(kind: str) -> set[str]:
    """Every output that a type declares, those too that it need not have."""
    declared = vars(provider.declared(kind) or object).values()
    return {getattr(each.fget, "_pulumi_name", "") for each in declared if isinstance(each, property)}


def test_the_allowed_properties_are_properties_of_their_types() -> None:
    unknown = {kind: sorted(keys - outputs(kind)) for kind, (keys, _) in drift.allowed().items()}
    assert {kind: keys for kind, keys in unknown.items() if keys} == {}
    assert all(reason for _, reason in drift.allowed().values())


def test_a_refresh_says_which_properties_differ_where_the_engine_leaves_them_out(engine: Engine) -> None:
    moved = {"old": {"endpointConfigName": "a", "name": "e"}, "new": {"endpointConfigName": "b", "name": "e"}}
    gone = {"op": "delete", "old": {}, "new": {}}
    engine.set(drift={"churn-live-endpoint": {"op": "update", **moved}, "alerts-topic": gone})
    engine.put("staging", resources=RESOURCES)
    found = deployment.preview_refresh(workspace.select("staging", engine.project))
    assert [(step.op, step.name, step.keys) for step in found.steps] == [
        ("delete", "alerts-topic", ()),
        ("update", "churn-live-endpoint", ("endpointConfigName",)),
    ]
    assert engine.calls[-1]["argv"][:2] == ["refresh", "--preview-only"]
    assert engine.names("staging") == [each["name"] for each in RESOURCES]
