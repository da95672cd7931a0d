"""A key that the account has already: looked up, judged by its policy, and never changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.access import Statement
from components.ground.keys import Domain, Granted, key_policy_of
from components.ground.permits import Call, permitted
from contracts.names import Names

#: What the platform's roles ask of a key; in the account's own policies it is allowed role by role.
_BY_IAM: Final = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")
#: Of the services that a key lets in, those that say for which account they act.
_NAMES_ACCOUNT: Final = ("cloudwatch.amazonaws.com",)


def check(arn: str, names: Names, granted: Granted, lookup: pulumi.InvokeOptions) -> None:
    """Look a key up. Raises RunError, with every fault, for one that cannot encrypt what the stack keeps."""
    _, partition, _, region, account, _ = arn.split(":", 5)
    if (partition, region, account) != (names.partition, names.region, names.account):
        raise pulumi.RunError(
            f"keys.existing: found {arn}; allowed: a key of account {names.account} in {names.region}; name such a key"
        )
    # The provider's own data source of keys does not tell their policy; Cloud Control does.
    found = aws.cloudcontrol.get_resource(
        identifier=arn.rpartition("/")[2], type_name="AWS::KMS::Key", opts=lookup
    ).properties
    key: Mapping[str, Any] = json.loads(found)
    if lines := [f"  {line}" for line in faults(key, names, granted)]:
        raise pulumi.RunError(f"keys.existing: {arn} cannot encrypt what the stack keeps:\n" + "\n".join(lines))
    if not key.get("EnableKeyRotation"):
        pulumi.log.warn(f"keys.existing: {arn} does not rotate")


def faults(key: Mapping[str, Any], names: Names, granted: Granted) -> Iterator[str]:
    """What is wrong with a key, by its properties (CloudFormation template reference, AWS::KMS::Key)."""
    for name, wanted in (("Enabled", True), ("KeyUsage", "ENCRYPT_DECRYPT"), ("KeySpec", "SYMMETRIC_DEFAULT")):
        if key.get(name) != wanted:
            yield f"{name}: found {json.dumps(key.get(name))}; allowed: {json.dumps(wanted)}; name another key"
    for statement in key_policy_of(Domain, names, granted):
        if shut := sorted(
            {call.principal for call in _calls(statement, names) if not permitted(key["KeyPolicy"], call)}
        ):
            body = json.dumps(statement.to_dict(), sort_keys=True)
            yield f"KeyPolicy: does not let in {', '.join(shut)}; have its owner add {body}"


def _calls(statement: Statement, names: Names) -> Iterator[Call]:
    """Calls that a statement of our own key policy is there for."""
    principals: Mapping[str, Any] = statement.principal if isinstance(statement.principal, Mapping) else {}
    asked = {key: str(value).replace("*", "x") for keys in statement.conditions.values() for key, value in keys.items()}
    for kind, named in principals.items():
        for principal in [named] if isinstance(named, str) else named:
            facts = asked | ({"aws:SourceAccount": names.account} if principal in _NAMES_ACCOUNT else {})
            actions = _BY_IAM if kind == "AWS" else [action.removesuffix("*") for action in statement.actions]
            for action in actions:
                # CloudWatch Logs' permissions are whole families; the plain member stands for each.
                plain = {"kms:Describe": "kms:DescribeKey", "kms:ReEncrypt": "kms:ReEncryptTo"}.get(action, action)
                yield Call(kind=kind, principal=principal, action=plain, facts=facts)
