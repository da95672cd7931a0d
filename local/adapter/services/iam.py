"""AWS IAM: roles, their inline and attached policies, and managed policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.adapter.conversions import identity_policy, trust_policy
from local.adapter.table import Call, ForEach, Request, Requests, ResourceType, Scope, To, response

SERVICE = "iam"

_MOST_VERSIONS = 5  # of a managed policy (IAM quotas)


def _detach(scope: Scope, answer: Mapping[str, Any]) -> Iterator[Request]:
    """Before a role is deleted, if it is told to: detach what others have attached to it."""
    for policy in answer["AttachedPolicies"]:
        yield Request("DetachRolePolicy", {"RoleName": scope.id, "PolicyArn": policy["PolicyArn"]})


def _remove_inline(scope: Scope, answer: Mapping[str, Any]) -> Iterator[Request]:
    for name in answer["PolicyNames"]:
        yield Request("DeleteRolePolicy", {"RoleName": scope.id, "PolicyName": name})


def _boundary(scope: Scope) -> Iterator[Request]:
    boundary = scope.inputs.get("permissionsBoundary")
    if boundary is None:
        yield Request("DeleteRolePermissionsBoundary", {"RoleName": scope.id})
    else:
        parameters = {"RoleName": scope.id, "PermissionsBoundary": boundary}
        yield Request("PutRolePermissionsBoundary", parameters)


def _oldest(scope: Scope, answer: Mapping[str, Any]) -> Iterator[Request]:
    """A managed policy keeps five versions; the oldest makes room for the new one."""
    if len(answer["Versions"]) >= _MOST_VERSIONS:
        others = [version for version in answer["Versions"] if not version["IsDefaultVersion"]]
        oldest = min(others, key=lambda version: version["CreateDate"])
        yield from _others(scope, {"Versions": [oldest]})


def _others(scope: Scope, answer: Mapping[str, Any]) -> Iterator[Request]:
    for version in answer["Versions"]:
        if not version["IsDefaultVersion"]:
            yield Request("DeletePolicyVersion", {"PolicyArn": scope.id, "VersionId": version["VersionId"]})


def _provider_arn(scope: Scope) -> str:
    issuer = str(scope.inputs["url"]).removeprefix("https://")
    return f"arn:{scope.partition}:iam::{scope.account}:oidc-provider/{issuer}"


_LIST_VERSIONS = Call("ListPolicyVersions")

TYPES = (
    ResourceType(
        "aws:iam/role:Role",
        arn="arn:{partition}:iam::{account}:role{path}{name}",
        fields={"assumeRolePolicy": To("AssumeRolePolicyDocument", trust_policy)},
        defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
        provider_only=("forceDetachPolicies",),
        refused={
            "inlinePolicies": "write each as an aws.iam.RolePolicy",
            "managedPolicyArns": "write each as an aws.iam.RolePolicyAttachment",
        },
        update=(
            Call(
                "UpdateAssumeRolePolicy",
                takes=("assumeRolePolicy",),
                fields={"assumeRolePolicy": To("PolicyDocument", trust_policy)},
            ),
            Call("UpdateRole", takes=("description", "maxSessionDuration"), unset={"description": ""}),
            Requests(takes=("permissionsBoundary",), build=_boundary),
        ),
        delete=(
            ForEach(find=Call("ListAttachedRolePolicies"), build=_detach, only_if="forceDetachPolicies"),
            ForEach(find=Call("ListRolePolicies"), build=_remove_inline, only_if="forceDetachPolicies"),
            Call("DeleteRole"),
        ),
        replace=("name", "namePrefix", "path"),
        outputs={
            "createDate": lambda scope: (
                scope.response["Role"]["CreateDate"].isoformat() if scope.response else scope.outputs.get("createDate")
            ),
            "uniqueId": response("Role.RoleId"),
        },
    ),
    ResourceType(
        "aws:iam/rolePolicy:RolePolicy",
        id="{role}:{name}",
        fields={"name": "PolicyName", "policy": To("PolicyDocument", identity_policy), "role": "RoleName"},
    ),
    ResourceType(
        "aws:iam/policy:Policy",
        id="{arn}",
        found="Policy.Arn",
        arn="arn:{partition}:iam::{account}:policy{path}{name}",
        fields={"policy": To("PolicyDocument", identity_policy)},
        defaults={"path": "/"},
        provider_only=("delayAfterPolicyCreationInMs",),
        update=(
            ForEach(find=_LIST_VERSIONS, build=_oldest, takes=("policy",)),
            Call("CreatePolicyVersion", takes=("policy",), given={"SetAsDefault": True}),
        ),
        delete=(ForEach(find=_LIST_VERSIONS, build=_others), Call("DeletePolicy")),
        replace=("description", "name", "namePrefix", "path"),
        outputs={"attachmentCount": 0, "policyId": response("Policy.PolicyId")},
    ),
    ResourceType(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        id="{role}/{policyArn}",
        create=(Call("AttachRolePolicy"),),
        fields={"role": "RoleName"},
        delete=(Call("DetachRolePolicy"),),
    ),
    ResourceType(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        noun="OpenIDConnectProvider",
        id=_provider_arn,
        arn="{id}",
        fields={"clientIdLists": "ClientIDList", "thumbprintLists": "ThumbprintList"},
        defaults={"thumbprintLists": ["0" * 40]},  # AWS finds it out itself, moto asks for one
        update=(Call("UpdateOpenIDConnectProviderThumbprint", takes=("thumbprintLists",)),),
        replace=("clientIdLists", "url"),  # moto has no call that changes the former
    ),
)
