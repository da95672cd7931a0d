"""The child of awsx.ecr.Repository."""

from __future__ import annotations

from typing import Any

import pytest

from local.runtime import ComponentInputError

HEAD = "import pulumi_awsx as awsx\nfrom pulumi_awsx.ecr import *\n"


def expanded(project: Any, policies: Any, args: str) -> dict[str, dict[str, Any]]:
    project.program(f"{HEAD}found = awsx.ecr.Repository('Images', {args})\npulumi.export('url', found.url)")
    project.preview(policies)
    return {judged.urn.partition("awsx:ecr:Repository")[2]: dict(judged.properties) for judged in policies.judged}


def test_a_repository_is_named_in_lower_case_and_alone(project: Any, policies: Any) -> None:
    policy = "lifecycle_policy=LifecyclePolicyArgs(skip=True)"
    found = expanded(project, policies, f"image_tag_mutability='IMMUTABLE', name='churn', {policy}")
    children = {urn: properties for urn, properties in found.items() if urn.startswith("$")}
    assert children == {"$aws:ecr/repository:Repository::images": {"imageTagMutability": "IMMUTABLE", "name": "churn"}}


@pytest.mark.parametrize(
    ("args", "policy"),
    [
        ("", "{}"),
        (
            "lifecycle_policy=LifecyclePolicyArgs(rules=[LifecyclePolicyRuleArgs(tag_status='any', "
            "maximum_number_of_images=3)])",
            "{'rules': [{'tagStatus': 'any', 'maximumNumberOfImages': 3.0}]}",
        ),
    ],
)
def test_a_policy_that_awsx_would_write_is_refused(project: Any, policies: Any, args: str, policy: str) -> None:
    with pytest.raises(ComponentInputError) as refused:
        expanded(project, policies, args)
    assert refused.value.faults == (
        f"lifecyclePolicy: found {policy}; the local run expands skip=True alone; declare an aws.ecr.LifecyclePolicy "
        "beside the repository",
    )
