"""Keys, roles and policies on a real moto."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.adapter import Adapter, InvalidInput

KEY, ALIAS = "aws:kms/key:Key", "aws:kms/alias:Alias"
ROLE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
POLICY, ATTACHMENT = "aws:iam/policy:Policy", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
OPEN_ID = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


ROOT = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*"}
TRUST = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
READ = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
WRITE = document({"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"})


class TestKeys:
    def test_a_key_rotates_and_goes_after_its_window(
        self, adapter: Adapter, aws: Callable[[str], Any], calls: list[str]
    ) -> None:
        kms = aws("kms")
        inputs = {
            "description": "models",
            "enableKeyRotation": True,
            "rotationPeriodInDays": 180.0,
            "deletionWindowInDays": 7.0,
            "policy": document(ROOT),
            "tags": {"Data": "models"},
        }
        created = adapter.create(KEY, "models", inputs)
        assert created.outputs["arn"] == f"arn:aws:kms:eu-west-1:123456789012:key/{created.id}"
        assert created.outputs["keyId"] == created.id
        assert kms.get_key_rotation_status(KeyId=created.id)["KeyRotationEnabled"]
        assert kms.list_resource_tags(KeyId=created.id)["Tags"] == [{"TagKey": "Data", "TagValue": "models"}]

        changed = {**inputs, "description": "all models", "enableKeyRotation": False, "isEnabled": False}
        calls.clear()
        updated = adapter.update(KEY, created.id, inputs, changed, created.outputs)
        assert calls == ["UpdateKeyDescription", "DisableKeyRotation", "DisableKey"]
        found = kms.describe_key(KeyId=created.id)["KeyMetadata"]
        assert (found["Description"], found["Enabled"]) == ("all models", False)
        adapter.delete(KEY, created.id, changed, updated.outputs)
        assert kms.describe_key(KeyId=created.id)["KeyMetadata"]["KeyState"] == "PendingDeletion"
        assert adapter.replaces(KEY, inputs, {**inputs, "multiRegion": True}) == ["multiRegion"]

    def test_an_alias_moves_to_another_key(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        one, two = (adapter.create(KEY, name, {}) for name in ("one", "two"))
        inputs = {"name": "alias/models", "targetKeyId": one.id}
        created = adapter.create(ALIAS, "models", inputs)
        assert created.outputs["arn"] == "arn:aws:kms:eu-west-1:123456789012:alias/models"
        assert created.outputs["targetKeyArn"] == one.outputs["arn"]
        updated = adapter.update(ALIAS, created.id, inputs, {**inputs, "targetKeyId": two.id}, created.outputs)
        assert updated.outputs["targetKeyArn"] == two.outputs["arn"]
        adapter.delete(ALIAS, created.id, inputs, updated.outputs)
        names = [item["AliasName"] for item in aws("kms").list_aliases()["Aliases"]]
        assert "alias/models" not in names

    @pytest.mark.parametrize(
        ("statement", "accepted"),
        [
            (ROOT, True),
            ({**ROOT, "Action": ["kms:Put*"]}, True),
            ({**ROOT, "Action": ["kms:Decrypt"]}, False),
            ({**ROOT, "Effect": "Deny"}, False),
        ],
    )
    def test_a_policy_that_locks_everyone_out(
        self, offline: Adapter, statement: dict[str, Any], accepted: bool
    ) -> None:
        inputs = {"policy": document(statement)}
        offline.validate(KEY, "models", {**inputs, "bypassPolicyLockoutSafetyCheck": True})
        if accepted:
            offline.validate(KEY, "models", inputs)
            return
        with pytest.raises(InvalidInput) as refused:
            offline.validate(KEY, "models", inputs)
        assert str(refused.value).endswith(
            "locks everyone out: a statement must allow kms:PutKeyPolicy (or kms:*) to a principal of the account"
        )


class TestRoles:
    def test_a_role_with_its_boundary(self, adapter: Adapter, aws: Callable[[str], Any], calls: list[str]) -> None:
        iam = aws("iam")
        boundary = adapter.create(POLICY, "boundary", {"name": "boundary", "policy": WRITE}).id
        inputs = {
            "name": "worker",
            "assumeRolePolicy": TRUST,
            "description": "works",
            "permissionsBoundary": boundary,
            "tags": {"Team": "ml"},
        }
        created = adapter.create(ROLE, "worker", inputs)
        found = iam.get_role(RoleName="worker")["Role"]
        assert created.outputs["arn"] == "arn:aws:iam::123456789012:role/worker" == found["Arn"]
        assert created.outputs["uniqueId"] == found["RoleId"]
        assert created.outputs["createDate"] == found["CreateDate"].isoformat()
        assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary

        changed = {
            "name": "worker",
            "assumeRolePolicy": TRUST.replace("lambda", "sagemaker"),
            "maxSessionDuration": 7200.0,
            "tags": {"Team": "ml"},
        }
        calls.clear()
        updated = adapter.update(ROLE, "worker", inputs, changed, created.outputs)
        assert calls == ["UpdateAssumeRolePolicy", "UpdateRole", "DeleteRolePermissionsBoundary"]
        found = iam.get_role(RoleName="worker")["Role"]
        assert found["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "sagemaker.amazonaws.com"}
        assert (found.get("Description", ""), found["MaxSessionDuration"]) == ("", 7200)
        assert updated.outputs["uniqueId"] == created.outputs["uniqueId"]
        adapter.delete(ROLE, "worker", changed, updated.outputs)
        with pytest.raises(ClientError, match="NoSuchEntity"):
            iam.get_role(RoleName="worker")

    def test_a_role_with_strange_policies_goes_only_by_force(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        inputs = {"name": "worker", "assumeRolePolicy": TRUST}
        created = adapter.create(ROLE, "worker", inputs)
        aws("iam").put_role_policy(RoleName="worker", PolicyName="strange", PolicyDocument=READ)
        with pytest.raises(Exception, match="iam DeleteRole answered DeleteConflict"):
            adapter.delete(ROLE, "worker", inputs, created.outputs)
        adapter.delete(ROLE, "worker", {**inputs, "forceDetachPolicies": True}, created.outputs)
        assert aws("iam").list_roles()["Roles"] == []

    def test_policies_of_their_own(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        iam = aws("iam")
        adapter.create(ROLE, "worker", {"name": "worker", "assumeRolePolicy": TRUST})
        inline = {"role": "worker", "name": "read", "policy": READ}
        created = adapter.create(ROLE_POLICY, "read", inline)
        assert created.id == "worker:read"
        adapter.update(ROLE_POLICY, created.id, inline, {**inline, "policy": WRITE}, created.outputs)
        found = iam.get_role_policy(RoleName="worker", PolicyName="read")["PolicyDocument"]
        assert found["Statement"][0]["Action"] == "s3:PutObject"
        adapter.delete(ROLE_POLICY, created.id, inline, created.outputs)
        assert iam.list_role_policies(RoleName="worker")["PolicyNames"] == []

        managed = adapter.create(POLICY, "shared", {"name": "shared", "policy": READ})
        attachment = {"role": "worker", "policyArn": managed.id}
        attached = adapter.create(ATTACHMENT, "shared", attachment)
        assert attached.id == f"worker/{managed.id}"
        assert [
            item["PolicyArn"] for item in iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"]
        ] == [managed.id]
        adapter.delete(ATTACHMENT, attached.id, attachment, attached.outputs)
        assert iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"] == []

    def test_a_managed_policy_keeps_five_versions(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        iam = aws("iam")
        inputs = {"name": "shared", "policy": READ, "tags": {"a": "b"}}
        created = adapter.create(POLICY, "shared", inputs)
        assert created.outputs["arn"] == created.id == "arn:aws:iam::123456789012:policy/shared"
        outputs = created.outputs
        for number in range(6):
            statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::bucket-{number}"}
            changed = {**inputs, "policy": document(statement)}
            outputs = adapter.update(POLICY, created.id, inputs, changed, outputs).outputs
            inputs = changed
        versions = iam.list_policy_versions(PolicyArn=created.id)["Versions"]
        assert len(versions) == 5
        default = next(version for version in versions if version["IsDefaultVersion"])
        assert default["VersionId"] == "v7"
        adapter.delete(POLICY, created.id, inputs, outputs)
        assert iam.list_policies(Scope="Local")["Policies"] == []

    def test_a_policy_that_iam_would_refuse(self, offline: Adapter) -> None:
        with pytest.raises(InvalidInput) as refused:
            offline.validate(ROLE, "worker", {"assumeRolePolicy": "[]"})
        assert [(fault.path, fault.allowed) for fault in refused.value.faults] == [
            ("assumeRolePolicy", "must be a policy document, an object with Version and Statement (iam CreateRole)"),
        ]
        for policy, told in (
            (TRUST, "is no valid policy document: Statement[0] must have Resource or NotResource; "),
            ("{", "must be JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
        ):
            with pytest.raises(InvalidInput) as refused:
                offline.validate(ROLE_POLICY, "read", {"role": "worker", "name": "read", "policy": policy})
            ((path, allowed),) = [(fault.path, fault.allowed) for fault in refused.value.faults]
            assert path == "policy"
            assert allowed.startswith(told)

    @pytest.mark.parametrize(
        ("key", "value", "kind"),
        [
            ("inlinePolicies", [{"name": "read", "policy": READ}], "RolePolicy"),
            ("managedPolicyArns", ["arn:aws:iam::123456789012:policy/read"], "RolePolicyAttachment"),
        ],
    )
    def test_policies_of_a_role_are_resources_of_their_own(
        self, offline: Adapter, key: str, value: Any, kind: str
    ) -> None:
        with pytest.raises(InvalidInput, match=rf"{key} = .*; write each as an aws\.iam\.{kind}$"):
            offline.validate(ROLE, "worker", {"assumeRolePolicy": TRUST, key: value})


def test_an_identity_provider_has_the_address_of_who_signs_its_tokens(
    adapter: Adapter, aws: Callable[[str], Any]
) -> None:
    iam = aws("iam")
    inputs = {"url": "https://gitlab.example.com", "clientIdLists": ["sts.amazonaws.com"], "tags": {"a": "b"}}
    created = adapter.create(OPEN_ID, "gitlab", inputs)
    assert created.id == created.outputs["arn"] == "arn:aws:iam::123456789012:oidc-provider/gitlab.example.com"
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=created.id)
    assert (found["Url"], found["ClientIDList"]) == ("gitlab.example.com", ["sts.amazonaws.com"])
    assert found["Tags"] == [{"Key": "a", "Value": "b"}]
    assert adapter.replaces(OPEN_ID, inputs, inputs | {"url": "https://gitlab.com"}) == ["url"]
    adapter.delete(OPEN_ID, created.id, inputs, created.outputs)
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
