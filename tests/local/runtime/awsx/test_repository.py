"""The children of awsx.ecr.Repository."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.runtime import ComponentInputError

HEAD = "import pulumi_awsx as awsx\nfrom pulumi_awsx.ecr import *\n"


def expanded(project: Any, policies: Any, args: str = "") -> dict[str, dict[str, Any]]:
    project.program(f"{HEAD}found = awsx.ecr.Repository('Images', {args})\npulumi.export('url', found.url)")
    project.preview(policies)
    return {judged.urn.partition("awsx:ecr:Repository")[2]: dict(judged.properties) for judged in policies.judged}


def rules(project: Any, policies: Any, args: str) -> list[dict[str, Any]]:
    found = expanded(project, policies, f"lifecycle_policy=LifecyclePolicyArgs(rules=[{args}])")
    return json.loads(found["$aws:ecr/lifecyclePolicy:LifecyclePolicy::images"]["policy"])["rules"]


def test_a_repository_and_its_lifecycle_policy_are_named_in_lower_case(project: Any, policies: Any) -> None:
    untagged = "LifecyclePolicyRuleArgs(tag_status='untagged', maximum_number_of_images=1, description='old')"
    policy = f"lifecycle_policy=LifecyclePolicyArgs(rules=[{untagged}])"
    found = expanded(project, policies, f"image_tag_mutability='IMMUTABLE', name='churn', {policy}")
    assert found["$aws:ecr/repository:Repository::images"] == {"imageTagMutability": "IMMUTABLE", "name": "churn"}
    lifecycle = found["$aws:ecr/lifecyclePolicy:LifecyclePolicy::images"]
    assert lifecycle["repository"] == "churn"
    assert json.loads(lifecycle["policy"]) == {
        "rules": [
            {
                "rulePriority": 1,
                "description": "old",
                "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1},
                "action": {"type": "expire"},
            }
        ]
    }


def test_the_rule_for_any_image_comes_last(project: Any, policies: Any) -> None:
    any_image = "LifecyclePolicyRuleArgs(tag_status='any', maximum_number_of_images=30)"
    untagged = "LifecyclePolicyRuleArgs(tag_status='untagged', maximum_age_limit=7)"
    found = rules(project, policies, f"{any_image}, {untagged}")
    days = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countNumber": 7, "countUnit": "days"}
    assert [(rule["rulePriority"], rule["selection"]) for rule in found] == [
        (1, days),
        (2, {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 30}),
    ]


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        (
            "LifecyclePolicyRuleArgs(tag_status='any', maximum_age_limit=1), "
            "LifecyclePolicyRuleArgs(tag_status='any', maximum_age_limit=2)",
            "lifecyclePolicy.rules: found ['any', 'any']; the local run expands one rule for 'untagged', one for 'any'",
        ),
        (
            "LifecyclePolicyRuleArgs(tag_status='tagged', tag_prefix_list=['v'], maximum_age_limit=1)",
            "lifecyclePolicy.rules: found ['tagged']; the local run expands one rule for 'untagged', one for 'any'",
        ),
        (
            "LifecyclePolicyRuleArgs(tag_status='untagged')",
            "lifecyclePolicy.rules[0]: found []; give one of maximumNumberOfImages, maximumAgeLimit",
        ),
    ],
)
def test_a_rule_that_is_not_expanded_is_refused(project: Any, policies: Any, args: str, fault: str) -> None:
    with pytest.raises(ComponentInputError) as refused:
        rules(project, policies, args)
    assert refused.value.faults == (fault,)
