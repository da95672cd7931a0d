"""Tags: what AWS would refuse half way through an update is refused before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.settings.written import LIVE, churn, faults, live, load


@pytest.mark.parametrize(
    ("section", "line"),
    [
        (
            {"tags": {"Environment": "other"}},
            'tags.Environment: found "other"; allowed: other tag names; remove it: the platform sets Environment',
        ),
        (
            {"tags": {"Cost!": "1"}},
            'tags: found "Cost!"; allowed: up to 128 letters, digits, spaces or _ . : / = + @ -; rename it',
        ),
        (
            {"tags": {"Owner": "tab\t"}},
            'tags.Owner: found "tab\\t"; allowed: up to 256 letters, digits, spaces or _ . : / = + @ -; '
            "choose such a value",
        ),
        (
            {"tags": {"CostCenter": 1000}},
            "tags.CostCenter: found 1000; allowed: up to 256 letters, digits, spaces or _ . : / = + @ -; "
            'write it in quotes, as in "1000"',
        ),
        (
            {"tags": {"Critical": True}},
            "tags.Critical: found true; allowed: up to 256 letters, digits, spaces or _ . : / = + @ -; "
            'write it in quotes, as in "true"',
        ),
        (
            {"tags": {"environment": "other"}},
            'tags.environment: found "other"; allowed: other tag names; remove it: the platform sets Environment',
        ),
        (
            {"tags": {"Owner": "a", "owner": "b", "OWNER": "c"}},
            'tags: found ["OWNER", "Owner", "owner"]; allowed: names that differ in more than case; '
            "keep one: IAM takes them for one tag",
        ),
        (
            {"tags": {"Aws:createdBy": "me"}},
            'tags.Aws:createdBy: found "me"; allowed: names that do not begin with aws:; rename it: AWS owns these',
        ),
        (
            {"tags": {"Owner": "AWS:me"}},
            'tags.Owner: found "AWS:me"; allowed: values that do not begin with aws:; '
            "choose another value: AWS owns these",
        ),
        (
            {"tags": {"Owner": "a"}, "workloads": churn(tags={"owner": "b"})},
            'workloads.churn.tags: found ["Owner", "owner"]; allowed: names that differ in more than case; '
            "keep one: IAM takes them for one tag",
        ),
        (
            {"workloads": churn(tags={"Workload": "b"})},
            'workloads.churn.tags.Workload: found "b"; allowed: other tag names; remove it: the platform sets Workload',
        ),
        (
            {"workloads": live(tags={"awS:x": "b"})},
            f'{LIVE}.tags.awS:x: found "b"; allowed: names that do not begin with aws:; rename it: AWS owns these',
        ),
        (
            {"tags": {f"T{i}": "" for i in range(6)}, "workloads": churn(tags={"T6": ""})},
            'workloads.churn.tags: found ["T0", "T1", "T2", "T3", "T4", "T5", "T6"]; '
            "allowed: at most 6 with those of the levels above; remove some",
        ),
    ],
)
def test_each_fault_says_what_to_do(section: dict[str, Any], line: str) -> None:
    assert faults(**section) == [f"ml-platform:{line}"]


def test_too_many_tags_for_an_object() -> None:
    (line,) = faults(tags={f"Tag{i}": "x" for i in range(7)})
    assert line.startswith("ml-platform:tags: found {")
    assert line.endswith("; allowed: at most 6 entries; choose such a value")


def test_names_that_only_contain_the_reserved_words_stay() -> None:
    tags = {"MyProject": "x", "Team": "about aws: me", "aws": "yes", "awsaccount": "1"}
    assert load(tags=tags).tags == tags


def test_tags_add_up_from_stack_to_endpoint() -> None:
    workloads = churn(tags={"CostCenter": "2"}, endpoints={"live": {"kind": "realtime", "tags": {"Team": "b"}}})
    found = load(tags={"CostCenter": "1", "Owner": "a"}, workloads=workloads)
    assert found.tags == {"CostCenter": "1", "Owner": "a"}
    assert found.workloads["churn"].tags == {"CostCenter": "2", "Owner": "a"}
    assert found.workloads["churn"].endpoints["live"].tags == {"CostCenter": "2", "Owner": "a", "Team": "b"}
