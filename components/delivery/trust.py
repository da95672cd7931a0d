"""Who may take the roles of delivery: the holder of a token that says which repository, and which of its environments.

A token's subject is compared whole, so no other repository, branch or environment passes. Only GitLab's previews, which
read, are open to every branch of the one project. Or a build of CodePipeline, by the role that it is.
"""

from __future__ import annotations

from typing import Any, Final

import pulumi

from components.access import Statement
from components.service import Service
from contracts.names import Names
from settings import GitHub, GitLab

#: Roles and policies of delivery are named `<prefix>-<DELIVERY>...`; the roles that they are cannot change them.
DELIVERY: Final = "delivery"
PREVIEW: Final = f"{DELIVERY}-preview"
DEPLOY: Final = f"{DELIVERY}-deploy"
REGISTER: Final = f"{DELIVERY}-register"
#: What both issuers are asked to name as the audience of a token.
AUDIENCE: Final = "sts.amazonaws.com"
Conditions = dict[str, dict[str, str]]
#: The providers whose tokens are trusted; what may be done with them stands in `components.delivery.permissions`.
SERVICES: Final = (Service("iam", types="iam/openIdConnectProvider", reads="GetOpenIDConnectProvider"),)


def github(provider: str, settings: GitHub, environment: str) -> Statement:
    """Trust in the jobs of one environment (GitHub docs, "OpenID Connect reference": subjects)."""
    owner, _, repository = settings.repository.partition("/")
    if settings.owner_id is not None:
        owner, repository = f"{owner}@{settings.owner_id}", f"{repository}@{settings.repository_id}"
    subject = f"repo:{owner}/{repository}:environment:{environment}"
    return _trust("GitHub", provider, {"StringEquals": _claims(settings.issuer, subject)})


def gitlab_deploys(provider: str, settings: GitLab) -> Statement:
    """Trust in the jobs of the branch that deploys (GitLab docs, "ID token payload": sub)."""
    subject = f"project_path:{settings.project}:ref_type:branch:ref:{settings.branch}"
    return _trust("GitLab", provider, {"StringEquals": _claims(settings.issuer, subject)})


def gitlab_previews(provider: str, settings: GitLab) -> Statement:
    """Trust in the jobs of every branch of the project."""
    claims = _claims(settings.issuer, f"project_path:{settings.project}:ref_type:branch:ref:*")
    audience, subject = ({key: value} for key, value in claims.items())
    return _trust("GitLab", provider, {"StringEquals": audience, "StringLike": subject})


def builds(where: Names, role: str) -> Statement:
    """Trust in builds of another stack's CodePipeline, or of this one's: those that are the role `<prefix>-<role>`.

    By condition: IAM takes no principal that is not there yet, and one of another account would have to be first.
    """
    return Statement(
        sid=f"Builds{where.stack.title().replace('-', '')}",
        effect="Allow",
        actions=("sts:AssumeRole",),
        resources=(),
        conditions={"ArnEquals": {"aws:PrincipalArn": where.admin_role_arn(role)}},
        principal={"AWS": where.root_arn},
    )


def document(statements: list[Statement]) -> pulumi.Output[str]:
    """The trust policy of a role that several may take."""
    bodies: list[dict[str, Any]] = []
    for statement in statements:
        body = statement.to_dict()
        del body["Resource"]
        bodies.append(body)
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": bodies}, sort_keys=True)


def _claims(issuer: str, subject: str) -> dict[str, str]:
    return {f"{issuer}:aud": AUDIENCE, f"{issuer}:sub": subject}


def _trust(sid: str, provider: str, conditions: Conditions) -> Statement:
    return Statement(
        sid=sid,
        effect="Allow",
        actions=("sts:AssumeRoleWithWebIdentity",),
        resources=(),
        conditions=conditions,
        principal={"Federated": provider},
    )
