from __future__ import annotations

from typing import Any

import pytest

import settings
from tests.settings.written import faults

GITHUB = {"repository": "example/ml-platform"}


def test_by_default_nobody_delivers_from_outside() -> None:
    default = settings.Delivery()
    assert (default.github, default.gitlab, default.state_bucket) == (None, None, None)


@pytest.mark.parametrize(
    ("section", "line"),
    [
        (
            {"github": {"repository": "ml-platform"}},
            'delivery.github.repository: found "ml-platform"; allowed: text like example/ml-platform; '
            "choose such a value",
        ),
        (
            {"github": {"repository": "example/*"}},
            'delivery.github.repository: found "example/*"; allowed: text like example/ml-platform; '
            "choose such a value",
        ),
        (
            {"github": GITHUB | {"owner_id": 12}},
            "delivery.github.repository_id: found nothing; allowed: both numbers or none; "
            "the token's `sub` shows them: give both or neither",
        ),
        (
            {"github": GITHUB | {"provider": "arn:aws:iam::123456789012:oidc-provider/gitlab.com"}},
            'delivery.github.provider: found "arn:aws:iam::123456789012:oidc-provider/gitlab.com"; '
            "allowed: one for token.actions.githubusercontent.com; name that issuer's provider, or set issuer",
        ),
        (
            {"gitlab": {"project": "*/platform"}},
            'delivery.gitlab.project: found "*/platform"; allowed: text like example/ml-platform; choose such a value',
        ),
        (
            {"gitlab": {"project": "example/platform", "branch": "*"}},
            'delivery.gitlab.branch: found "*"; allowed: text like main; '
            'choose such a value, or remove the key for the default "main"',
        ),
        (
            {"state_bucket": "example-pulumi-state"},
            'delivery.state_bucket: found "example-pulumi-state"; allowed: with delivery.github, delivery.gitlab, '
            "delivery.codepipeline, delivery.deployed_by; "
            "say who delivers, or drop it",
        ),
    ],
)
def test_a_fault_of_the_section_says_what_to_do(section: dict[str, Any], line: str) -> None:
    assert faults(delivery=section) == [f"ml-platform:{line}"]
