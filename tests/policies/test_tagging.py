"""Tags: where they are read from, which keys are refused, and how often that is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies.guardrails.themes.tagging import taggable
from tests.policies.support import TAGS, UNKNOWN, Specimen, judge

ROLE = Specimen("iam/role", "training")


def said(*specimens: Specimen, policy: str = "tag-keys-valid", config: Any = None) -> list[str]:
    verdict = judge(specimens, only=[policy], config=config)
    found = [*verdict.violations, *verdict.undecided]
    return [each.message.partition(". ")[0] for each in found]


@pytest.mark.parametrize("reserved", ["aws:Project", "AWS:Project", "Aws:cloudformation:stack-name"])
def test_a_key_that_begins_with_the_prefix_of_aws_is_refused_in_any_case(reserved: str) -> None:
    assert said(ROLE.put("tags", {**TAGS, reserved: "x"})) == [
        f"iam/role 'training': the tag {reserved} begins with aws:, the prefix of AWS's own tags"
    ]


@pytest.mark.parametrize("key", ["awsome:Project", "team:aws:Project", "aws", "Owners", "own"])
def test_a_key_that_only_looks_alike_passes(key: str) -> None:
    assert said(ROLE.put("tags", {**TAGS, key: "x"})) == []


def test_keys_that_differ_only_in_case_are_refused_wherever_they_come_from() -> None:
    wrong = "iam/role 'training': the tags Owner and owner differ only in case"
    assert said(ROLE.put("tags", {"Owner": "a", "owner": "a"})) == [wrong]
    assert said(ROLE.put("tagsAll", {"Owner": "a", "owner": "b"})) == [wrong]
    defaults = replace(ROLE, default_tags={"Owner": "a"}, inputs={"tags": {"owner": "a"}})
    assert said(defaults) == [wrong]
    assert said(replace(defaults, inputs={"tags": {"Owner": "b"}})) == []


@pytest.mark.parametrize("type_", ["autoscaling/group", "sagemaker/endpoint", "kms/key", "s3/bucket"])
def test_every_resource_that_takes_tags_is_judged(type_: str) -> None:
    specimen = Specimen(type_, "one", {"tags": {**TAGS, "OWNER": "x"}})
    assert specimen.token in taggable()
    assert said(specimen) == [f"{type_} 'one': the tags OWNER and Owner differ only in case"]


def test_an_auto_scaling_group_lists_its_tags() -> None:
    tags = [{"key": key, "value": value, "propagateAtLaunch": True} for key, value in TAGS.items()]
    group = Specimen("autoscaling/group", "nodes", {"tags": tags})
    assert said(group) == said(group, policy="required-tags") == []
    twice = group.put("tags", [*tags, {"key": "owner", "value": "me", "propagateAtLaunch": True}])
    assert said(twice) == ["autoscaling/group 'nodes': the tags Owner and owner differ only in case"]
    assert said(group.put("tags", tags[1:]), policy="required-tags") == [
        "autoscaling/group 'nodes': tags.Project is not set; it must be set"
    ]


def test_keys_that_are_not_known_yet_are_undecided_beside_those_that_are() -> None:
    unknown = ROLE.put("tags", UNKNOWN)
    assert said(unknown) == ["iam/role 'training': tags is not known yet"]
    assert said(ROLE.put("tagsAll", UNKNOWN).put("tags", {"AWS:x": "y"})) == [
        "iam/role 'training': the tag AWS:x begins with aws:, the prefix of AWS's own tags",
        "iam/role 'training': tagsAll is not known yet",
    ]
    assert said(ROLE.put("tags", {**TAGS, "Team": UNKNOWN})) == []


# --- said once ---


def roles(count: int, tags: dict[str, str]) -> list[Specimen]:
    return [Specimen("iam/role", f"role-{i}", {"tags": tags}) for i in range(count)]


def test_what_many_resources_lack_is_said_once_with_their_number() -> None:
    without = {key: value for key, value in TAGS.items() if key != "Owner"}
    verdict = judge(roles(94, without), only=["required-tags"])
    assert [(each.resource, each.message) for each in verdict.violations] == [
        (
            "",
            "94 resources (iam/role 'role-0', iam/role 'role-1', iam/role 'role-2' and 91 more): tags.Owner is not "
            "set; it must be set. Set the tag in the provider's default tags, or on the resource.",
        )
    ]


def test_one_resource_is_named_as_ever_and_each_problem_apart() -> None:
    wrong = {**TAGS, "Environment": "staging"}
    verdict = judge(
        [*roles(3, wrong), ROLE.put("tags", {**TAGS, "Environment": "dev"})], only=["environment-tag-matches-stack"]
    )
    assert [(each.resource, each.message.partition(". ")[0]) for each in verdict.violations] == [
        (
            "",
            "3 resources (iam/role 'role-0', iam/role 'role-1', iam/role 'role-2'): "
            'tags.Environment is "staging"; it must be "prod"',
        ),
        ("training", 'iam/role \'training\': tags.Environment is "dev"; it must be "prod"'),
    ]


def test_an_exempt_resource_is_not_counted() -> None:
    exempt = {"resource": "role-0", "reason": "made by hand", "owner": "security", "expires": "2027-01-31"}
    config = {"cost-center-tag-format": {"enforcementLevel": "mandatory", "exemptions": [exempt]}}
    verdict = judge(roles(3, {**TAGS, "CostCenter": "?"}), only=["cost-center-tag-format"], config=config)
    assert [each.message.partition(": ")[0] for each in verdict.violations] == [
        "2 resources (iam/role 'role-1', iam/role 'role-2')"
    ]
    assert [each.message for each in verdict.exempt] == [
        "iam/role 'role-0': exempt until 2027-01-31 (security): made by hand"
    ]


def test_what_is_not_known_of_many_is_said_once() -> None:
    unknown = [each.put("tags", UNKNOWN) for each in roles(5, TAGS)]
    assert said(*unknown, policy="required-tags") == [
        "5 resources (iam/role 'role-0', iam/role 'role-1', iam/role 'role-2' and 2 more): tags is not known yet"
    ]
