from __future__ import annotations

from typing import Any

from components.delivery import trust
from settings import GitHub, GitLab

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"


def github(environment: str, **settings: Any) -> dict[str, Any]:
    return trust.github(PROVIDER, GitHub(repository="example/ml-platform", **settings), environment).to_dict()


def test_github_is_trusted_for_one_environment_of_one_repository() -> None:
    assert github("prod") == {
        "Sid": "GitHub",
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": ["sts:AssumeRoleWithWebIdentity"],
        "Resource": [],
        "Condition": {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": "repo:example/ml-platform:environment:prod",
            }
        },
    }


def test_a_repository_whose_tokens_carry_its_numbers_is_told_by_them_too() -> None:
    claims = github("prod-preview", owner_id=12, repository_id=345)["Condition"]["StringEquals"]
    assert claims["token.actions.githubusercontent.com:sub"] == (
        "repo:example@12/ml-platform@345:environment:prod-preview"
    )


def test_an_enterprise_server_signs_its_own_tokens() -> None:
    claims = github("prod", issuer="github.example.com/_services/token")["Condition"]["StringEquals"]
    assert set(claims) == {"github.example.com/_services/token:aud", "github.example.com/_services/token:sub"}


def test_gitlab_deploys_from_one_branch_and_previews_from_every_branch_of_one_project() -> None:
    settings = GitLab(project="example/ml/platform", branch="trunk")
    deploys = trust.gitlab_deploys(PROVIDER, settings).to_dict()["Condition"]
    previews = trust.gitlab_previews(PROVIDER, settings).to_dict()["Condition"]
    branch = "project_path:example/ml/platform:ref_type:branch:ref:"
    assert deploys == {"StringEquals": {"gitlab.com:aud": "sts.amazonaws.com", "gitlab.com:sub": f"{branch}trunk"}}
    assert previews == {
        "StringEquals": {"gitlab.com:aud": "sts.amazonaws.com"},
        "StringLike": {"gitlab.com:sub": f"{branch}*"},
    }
