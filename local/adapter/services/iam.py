"""AWS IAM: roles, their inline and attached policies, and managed policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.adapter.conversions import identity_policy, trust_policy
from local.adapter.rules import each
from local.adapter.table import (
    ID,
    Autoname,
    Call,
    ForEach,
    Request,
    Requests,
    ResourceType,
    Scope,
    Tagging,
    To,
    response,
    text,
    value,
)
from local.adapter.values import known_items

_MOST_VERSIONS = 5  # of a managed policy (IAM quotas)


def _documents(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inline policies of a role by name; one without a name takes all inline policies away and is none itself."""
    policies = known_items(inputs.get("inlinePolicies"))
    return {policy["name"]: policy.get("policy") for policy in policies if policy.get("name")}


def _inline(scope: Scope) -> Iterator[Request]:
    """Put the inline policies that the role states, take away those that it stated before."""
    before, after = _documents(scope.before), _documents(scope.inputs)
    for name in before.keys() - after.keys():
        yield Request(operation="DeleteRolePolicy", parameters={"RoleName": scope.id, "PolicyName": name})
    for name, document in after.items():
        if document is not None and before.get(name) != document:
            parameters = {"RoleName": scope.id, "PolicyName": name, "PolicyDocument": document}
            yield Request(operation="PutRolePolicy", parameters=parameters)


def _attached(scope: Scope) -> Iterator[Request]:
    before, after = (known_items(inputs.get("managedPolicyArns")) for inputs in (scope.before, scope.inputs))
    for policy in before:
        if policy not in after:
            yield Request(operation="DetachRolePolicy", parameters={"RoleName": scope.id, "PolicyArn": policy})
    for policy in after:
        if policy not in before:
            yield Request(operation="AttachRolePolicy", parameters={"RoleName": scope.id, "PolicyArn": policy})


def _detach(scope: Scope, answer: Mapping[str, Any]) -> Iterator[Request]:
    """Before a role is deleted: detach what the role itself attached, or everything if it is told to."""
    own = known_items(scope.inputs.get("managedPolicyArns"))
    for policy in answer["AttachedPolicies"]:
        if scope.inputs.get("forceDetachPolicies") or policy["PolicyArn"] in own:
            yield Request(
                operation="DetachRolePolicy", parameters={"RoleName": scope.id, "PolicyArn": policy["PolicyArn"]}
            )


def _remove_inline(scope: Scope, answer: Mapping[str, Any]) -> Iterator[Request]:
    own = _documents(scope.inputs)
    for name in answer["PolicyNames"]:
        if scope.inputs.get("forceDetachPolicies") or name in own:
            yield Request(operation="DeleteRolePolicy", parameters={"RoleName": scope.id, "PolicyName": name})


def _boundary(scope: Scope) -> Iterator[Request]:
    boundary = scope.inputs.get("permissionsBoundary")
    if boundary is None:
        yield Request(operation="DeleteRolePermissionsBoundary", parameters={"RoleName": scope.id})
    else:
        parameters = {"RoleName": scope.id, "PermissionsBoundary": boundary}
        yield Request(operation="PutRolePermissionsBoundary", parameters=parameters)


ROLE = ResourceType(
    type="aws:iam/role:Role",
    service="iam",
    autoname=Autoname(prefix_key="namePrefix", longest=64),
    create=(
        Call(operation="CreateRole"),
        Requests(takes=("inlinePolicies",), build=_inline),
        Requests(takes=("managedPolicyArns",), build=_attached),
    ),
    fields={"assumeRolePolicy": To("AssumeRolePolicyDocument", trust_policy), "name": "RoleName"},
    defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
    provider_only=("forceDetachPolicies", "namePrefix"),
    rules=(each("inlinePolicies", "policy", identity_policy),),
    update=(
        Call(
            operation="UpdateAssumeRolePolicy",
            takes=("assumeRolePolicy",),
            given={"RoleName": ID},
            fields={"assumeRolePolicy": To("PolicyDocument", trust_policy)},
        ),
        Call(
            operation="UpdateRole",
            takes=("description", "maxSessionDuration"),
            given={"RoleName": ID},
            unset={"description": ""},
        ),
        Requests(takes=("permissionsBoundary",), build=_boundary),
        Requests(takes=("inlinePolicies",), build=_inline),
        Requests(takes=("managedPolicyArns",), build=_attached),
    ),
    delete=(
        ForEach(find=Call(operation="ListAttachedRolePolicies", given={"RoleName": ID}), build=_detach),
        ForEach(find=Call(operation="ListRolePolicies", given={"RoleName": ID}), build=_remove_inline),
        Call(operation="DeleteRole", given={"RoleName": ID}),
    ),
    replace=("name", "namePrefix", "path"),
    id=response("Role.RoleName"),
    outputs={
        "arn": response("Role.Arn"),
        "createDate": lambda scope: (
            scope.response["Role"]["CreateDate"].isoformat() if scope.response else scope.outputs.get("createDate")
        ),
        "uniqueId": response("Role.RoleId"),
    },
    tags=Tagging(tag="TagRole", untag="UntagRole", given={"RoleName": ID}),
)

_ROLE_POLICY = {"RoleName": value("role"), "PolicyName": value("name")}

ROLE_POLICY = ResourceType(
    type="aws:iam/rolePolicy:RolePolicy",
    service="iam",
    autoname=Autoname(prefix_key="namePrefix", longest=128),
    create=(Call(operation="PutRolePolicy"),),
    fields={"name": "PolicyName", "policy": To("PolicyDocument", identity_policy), "role": "RoleName"},
    provider_only=("namePrefix",),
    update=(Call(operation="PutRolePolicy"),),
    delete=(Call(operation="DeleteRolePolicy", given=_ROLE_POLICY),),
    replace=("name", "namePrefix", "role"),
    id=text("{role}:{name}"),
)


def _oldest(scope: Scope, answer: Mapping[str, Any]) -> Iterator[Request]:
    """A managed policy keeps five versions; the oldest makes room for the new one."""
    versions = [version for version in answer["Versions"] if not version["IsDefaultVersion"]]
    if len(answer["Versions"]) >= _MOST_VERSIONS:
        oldest = min(versions, key=lambda version: version["CreateDate"])
        parameters = {"PolicyArn": scope.id, "VersionId": oldest["VersionId"]}
        yield Request(operation="DeletePolicyVersion", parameters=parameters)


def _others(scope: Scope, answer: Mapping[str, Any]) -> Iterator[Request]:
    for version in answer["Versions"]:
        if not version["IsDefaultVersion"]:
            parameters = {"PolicyArn": scope.id, "VersionId": version["VersionId"]}
            yield Request(operation="DeletePolicyVersion", parameters=parameters)


_LIST_VERSIONS = Call(operation="ListPolicyVersions", given={"PolicyArn": ID})

MANAGED_POLICY = ResourceType(
    type="aws:iam/policy:Policy",
    service="iam",
    autoname=Autoname(prefix_key="namePrefix", longest=128),
    create=(Call(operation="CreatePolicy"),),
    fields={"name": "PolicyName", "policy": To("PolicyDocument", identity_policy)},
    defaults={"path": "/"},
    provider_only=("delayAfterPolicyCreationInMs", "namePrefix"),
    update=(
        ForEach(find=_LIST_VERSIONS, build=_oldest, takes=("policy",)),
        Call(operation="CreatePolicyVersion", takes=("policy",), given={"PolicyArn": ID, "SetAsDefault": True}),
    ),
    delete=(
        ForEach(find=_LIST_VERSIONS, build=_others),
        Call(operation="DeletePolicy", given={"PolicyArn": ID}),
    ),
    replace=("description", "name", "namePrefix", "path"),
    id=response("Policy.Arn"),
    outputs={"arn": ID, "attachmentCount": 0, "policyId": response("Policy.PolicyId")},
    tags=Tagging(tag="TagPolicy", untag="UntagPolicy", given={"PolicyArn": ID}),
)

ROLE_POLICY_ATTACHMENT = ResourceType(
    type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    service="iam",
    create=(Call(operation="AttachRolePolicy"),),
    fields={"role": "RoleName"},
    delete=(Call(operation="DetachRolePolicy", given={"RoleName": value("role"), "PolicyArn": value("policyArn")}),),
    replace=("policyArn", "role"),
    id=text("{role}/{policyArn}"),
)

TYPES = (ROLE, ROLE_POLICY, MANAGED_POLICY, ROLE_POLICY_ATTACHMENT)
