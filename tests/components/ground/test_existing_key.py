from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.ground import existing_key
from components.ground.keys import Domain, key_policy_of
from tests.components.engine import NAMES, deploy

ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
RESOURCE = "aws:cloudcontrol/getResource:getResource"
ROOT = "arn:aws:iam::123456789012:root"
LOGS = "logs.eu-west-1.amazonaws.com"


def statements() -> dict[str, dict[str, Any]]:
    """The policy that the platform gives a key of its own."""
    return {s.sid: json.loads(json.dumps(s.to_dict())) for s in key_policy_of(Domain, NAMES, {})}


def key(policy: list[dict[str, Any]] | None = None, **properties: Any) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": list(statements().values()) if policy is None else policy}
    good = {"Enabled": True, "EnableKeyRotation": True, "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT"}
    return good | {"KeyPolicy": document} | properties


def faults(found: dict[str, Any]) -> list[str]:
    return [line.partition("; have its owner")[0] for line in existing_key.faults(found, NAMES, {})]


def test_a_key_with_the_policy_of_our_own_keys_is_taken() -> None:
    assert faults(key()) == []


@pytest.mark.parametrize(
    ("sid", "shut"),
    [
        ("AccountDecidesByIam", ROOT),
        ("LogGroupsOfThisAccount", LOGS),
        ("PublishersToTopics", "cloudwatch.amazonaws.com, events.amazonaws.com"),
        ("DeadLettersToQueues", "events.amazonaws.com, sns.amazonaws.com"),
    ],
)
def test_whoever_is_not_let_in_is_named_with_the_statement_to_add(sid: str, shut: str) -> None:
    lacking = [body for name, body in statements().items() if name != sid]
    (line,) = existing_key.faults(key(lacking), NAMES, {})
    said, _, body = line.partition("; have its owner add ")
    assert said == f"KeyPolicy: does not let in {shut}"
    assert json.loads(body) == statements()[sid]


@pytest.mark.parametrize(
    ("change", "shut"),
    [
        ({"Action": "kms:*"}, ""),
        ({"Action": ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*"]}, LOGS),  # no ReEncrypt*
        ({"Condition": {}}, ""),
        (
            {"Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:123456789012:*"}}},
            "",
        ),
        (
            {
                "Condition": {
                    "ArnEquals": {
                        "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:123456789012:log-group:/other"
                    }
                }
            },
            LOGS,
        ),
        ({"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}, LOGS),  # cannot be known
        ({"Condition": {"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}}, ""),
        ({"Principal": {"Service": ["logs.us-east-1.amazonaws.com"]}}, LOGS),
        ({"Principal": "*"}, ""),
        ({"Effect": "Deny"}, LOGS),
    ],
)
def test_a_policy_is_read_as_aws_reads_it(change: dict[str, Any], shut: str) -> None:
    policy = statements()
    policy["LogGroupsOfThisAccount"] |= change
    assert faults(key(list(policy.values()))) == ([f"KeyPolicy: does not let in {shut}"] if shut else [])


def test_a_denial_outweighs_every_leave() -> None:
    denial = {"Effect": "Deny", "Principal": "*", "Action": "kms:CreateGrant", "Resource": "*"}
    assert faults(key([*statements().values(), denial])) == [f"KeyPolicy: does not let in {ROOT}"]


@pytest.mark.parametrize(
    ("properties", "line"),
    [
        ({"Enabled": False}, "Enabled: found false; allowed: true; name another key"),
        (
            {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
            'KeyUsage: found "SIGN_VERIFY"; allowed: "ENCRYPT_DECRYPT"; name another key',
        ),
    ],
)
def test_a_key_that_cannot_encrypt_is_refused(properties: dict[str, Any], line: str) -> None:
    assert line in faults(key(**properties))


def look_up(arn: str, found: dict[str, Any]) -> None:
    deploy(
        lambda: existing_key.check(arn, NAMES, {}, pulumi.InvokeOptions()),
        invokes={RESOURCE: {"properties": json.dumps(found)}},
    )


def test_the_look_up_refuses_with_every_fault_and_warns_of_a_key_that_does_not_rotate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    look_up(ARN, key())
    assert warnings == []
    look_up(ARN, key(EnableKeyRotation=False))
    assert warnings == [f"keys.existing: {ARN} does not rotate"]
    with pytest.raises(pulumi.RunError) as caught:
        look_up(ARN, key([], Enabled=False))
    first, *lines = str(caught.value).splitlines()
    assert first == f"keys.existing: {ARN} cannot encrypt what the stack keeps:"
    assert len(lines) == 5


@pytest.mark.parametrize("arn", [ARN.replace("eu-west-1", "eu-central-1"), ARN.replace("123456789012", "210987654321")])
def test_a_key_of_another_place_is_refused_before_it_is_looked_up(arn: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        look_up(arn, {})
    assert str(caught.value) == (
        f"keys.existing: found {arn}; allowed: a key of account 123456789012 in eu-west-1; name such a key"
    )
