"""How policies stop a deployment: all of the preview at once, and each resource before it is touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from local.judge.model import Judged, Violation
from local.runtime import PolicyViolationError
from local.values import UNKNOWN, secret

TOPIC = "urn:pulumi:dev::shop::aws:sns/topic:Topic::"
TWO = """
aws.sns.Topic("good", name="good", kms_master_key_id="key")
aws.sns.Topic("bad", name="bad")
aws.sns.Topic("worse", name="worse")
"""


def encrypted(judged: Judged) -> Sequence[Violation]:
    if judged.type == "aws:sns/topic:Topic" and "kmsMasterKeyId" not in judged.properties:
        return [Violation(policy="topic-encrypted", level="mandatory", message="set kmsMasterKeyId", urn=judged.urn)]
    return ()


def test_all_violations_of_the_preview_are_reported_together_and_nothing_is_touched(
    project: Any, policies: Any
) -> None:
    policies.analyze_with = encrypted
    project.cloud.refuses = {"good": "must be long"}
    project.program(TWO)
    with pytest.raises(PolicyViolationError) as refused:
        project.up(policies)
    assert [violation.urn for violation in refused.value.violations] == [f"{TOPIC}bad", f"{TOPIC}worse"]
    assert str(refused.value).splitlines() == [
        f"topic-encrypted: {TOPIC}bad",
        "    set kmsMasterKeyId",
        f"topic-encrypted: {TOPIC}worse",
        "    set kmsMasterKeyId",
        "aws:sns/topic:Topic 'good': name = 'good': must be long",
    ]
    assert project.cloud.operations() == []
    assert not project.stack().state_path.exists()


def test_what_the_preview_could_not_know_stops_its_resource_in_the_update(project: Any, policies: Any) -> None:
    def named_by_hand(judged: Judged) -> Sequence[Violation]:
        name = judged.properties.get("displayName")
        if name not in (None, UNKNOWN, "allowed"):
            return [Violation(policy="names", level="mandatory", message=f"found {name}", urn=judged.urn)]
        return ()

    policies.analyze_with = named_by_hand
    project.program("""
        first = aws.s3.Bucket("first", bucket="first")
        second = aws.sns.Topic("second", name="second", display_name=first.arn)
        aws.sns.Topic("third", name="third", display_name="allowed", opts=pulumi.ResourceOptions(depends_on=[second]))
    """)
    with pytest.raises(PolicyViolationError, match=rf"^names: {TOPIC}second\n    found arn:aws:test:::first$"):
        project.up(policies)
    assert list(project.cloud.live) == ["first"]
    assert "second" not in project.stack().state_path.read_text().replace("first", "")


def test_stack_policies_see_outputs_and_property_dependencies(project: Any, policies: Any) -> None:
    shown: list[list[Judged]] = []
    policies.stack_with = lambda judged: shown.append(judged) or ()
    project.program("""
        bucket = aws.s3.Bucket("data", bucket="data")
        aws.sns.Topic("news", name="news", display_name=bucket.arn)
    """)
    project.up(policies)
    preview, update = ({resource.name: resource for resource in judged} for judged in shown)
    assert (preview["data"].properties["arn"], update["data"].properties["arn"]) == (UNKNOWN, "arn:aws:test:::data")
    for seen in (preview, update):
        assert seen["news"].property_dependencies == {"displayName": (seen["data"].urn,)}
        assert seen["news"].parent.endswith("pulumi:pulumi:Stack::shop-dev")
        assert seen["news"].provider is not None
        assert seen["news"].provider.type == "pulumi:providers:aws"


def test_a_stack_violation_stops_in_the_preview(project: Any, policies: Any) -> None:
    policies.stack_with = lambda judged: [Violation(policy="one-topic", level="mandatory", message="found none")]
    project.program('aws.s3.Bucket("data", bucket="data")')
    with pytest.raises(PolicyViolationError, match=r"^one-topic: the stack\n    found none$"):
        project.up(policies)
    assert project.cloud.operations() == []


def test_advisories_and_undecided_policies_are_reported_and_stop_nothing(project: Any, policies: Any) -> None:
    def advise(judged: Judged) -> Sequence[Violation]:
        found: list[Violation] = []
        if judged.name == "news":
            found.append(Violation(policy="p1", level="advisory", message="better", urn=judged.urn))
        if judged.name == "news" and judged.properties["displayName"] == UNKNOWN:
            found.append(Violation(policy="p2", level="advisory", message="?", urn=judged.urn, undecided=True))
        return found

    policies.analyze_with = advise
    project.program("""
        bucket = aws.s3.Bucket("data", bucket="data")
        aws.sns.Topic("news", name="news", display_name=bucket.arn)
    """)
    deployment = project.up(policies)
    assert [violation.policy for violation in deployment.advisories] == ["p1"]
    assert [violation.policy for violation in deployment.undecided] == ["p2"]
    assert deployment.judged_by == (3, 4)


def test_remediated_inputs_are_judged_and_created(project: Any, policies: Any) -> None:
    def encrypt(judged: Judged) -> dict[str, Any] | None:
        if judged.type != "aws:sns/topic:Topic":
            return None
        return {**judged.properties, "kmsMasterKeyId": "added"}

    policies.remediate_with = encrypt
    policies.analyze_with = encrypted
    project.program(TWO)
    project.up(policies)
    assert project.cloud.live["bad"]["kmsMasterKeyId"] == "added"
    assert project.up(policies).changes["update"] == []


def test_policies_see_secrets_opened_and_remediations_keep_them(project: Any, policies: Any) -> None:
    kept: list[Any] = []

    def remediate(judged: Judged) -> None:
        if judged.name == "news":
            kept.append(judged.properties["displayName"])

    policies.remediate_with = remediate
    project.program('aws.sns.Topic("news", display_name=pulumi.Output.secret("hunter2"))')
    project.preview(policies)
    assert kept == [secret("hunter2")]
    assert next(judged for judged in policies.judged if judged.name == "news").properties["displayName"] == "hunter2"


def test_components_providers_and_the_stack_are_judged_too(project: Any, policies: Any) -> None:
    project.program('pulumi.ComponentResource("shop:index:Shop", "shop")\naws.sns.Topic("news")')
    project.preview(policies)
    assert sorted(judged.type for judged in policies.judged) == [
        "aws:sns/topic:Topic",
        "pulumi:providers:aws",
        "pulumi:pulumi:Stack",
        "shop:index:Shop",
    ]
