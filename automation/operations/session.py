"""The session that the stack's provider would have: the region, profile and roles of the stack's `aws:` config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

SESSION_NAME: Final = "ml-platform"


def session(region: str, profile: str | None, roles: Sequence[Mapping[str, Any]]) -> Any:
    """A boto3 session in `region`, as `profile`, having assumed `roles` one after the other (`aws:assumeRoles`)."""
    import boto3  # the program brings this module along and needs a session only after a rollout

    found = boto3.Session(profile_name=profile, region_name=region)
    for role in roles:
        external = {"ExternalId": role["externalId"]} if "externalId" in role else {}
        given = found.client("sts").assume_role(
            RoleArn=role["roleArn"], RoleSessionName=role.get("sessionName", SESSION_NAME), **external
        )["Credentials"]
        found = boto3.Session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            region_name=region,
        )
    return found
