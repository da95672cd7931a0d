"""How inputs change form, and the policy documents that IAM would refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.adapter import conversions


def document(*statements: Any, **others: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **others})


READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
PUBLISH = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sns:Publish",
    "Resource": "*",
}
ASSUME = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.mark.parametrize(
    ("convert", "value", "expected"),
    [
        (conversions.as_text, 30.0, "30"),
        (conversions.as_text, 0.5, "0.5"),
        (conversions.as_text, True, "true"),
        (conversions.as_text, "x", "x"),
        (conversions.as_number, "0", 0),
        (conversions.as_number, "0.25", 0.25),
        (conversions.switch("ENABLED", "DISABLED"), False, "DISABLED"),
        (conversions.one, "a", ["a"]),
        (conversions.only, ["a"], "a"),
        (conversions.only, {"a": 1}, {"a": 1}),
        (conversions.by("name", "values"), [{"name": "a", "values": ["x"]}], {"a": ["x"]}),
        (conversions.one_of(1, 3), 3.0, 3.0),
        (conversions.between(0, 900), 900.0, "900"),
        (conversions.json_text, '{"a": 1}', '{"a": 1}'),
        (conversions.json_object, '{"a": 1}', {"a": 1}),
        (conversions.decoded, "aGk=", b"hi"),
        (conversions.encoded, "hü", "hü".encode()),
        (conversions.network, "10.0.0.0/16", "10.0.0.0/16"),
        (conversions.network, "fd00::/64", "fd00::/64"),
        (conversions.bucket_name, "a.b-c", "a.b-c"),
        (conversions.identity_policy, document(READ), document(READ)),
        (conversions.resource_policy, document(PUBLISH), document(PUBLISH)),
        (conversions.trust_policy, document(ASSUME), document(ASSUME)),
        (conversions.identity_policy, json.dumps({"Statement": READ}), json.dumps({"Statement": READ})),
    ],
)
def test_conversions(convert: Callable[[Any], Any], value: Any, expected: Any) -> None:
    assert convert(value) == expected


@pytest.mark.parametrize(
    ("convert", "value", "message"),
    [
        (conversions.as_number, "many", "must be a number, written as a text"),
        (conversions.only, ["a", "b"], "must have exactly one item, has 2"),
        (conversions.one_of(1, 3), 2.0, "must be one of 1, 3"),
        (conversions.between(0, 900), 901, "must be 0 to 900"),
        (conversions.between(0, 1), True, "must be 0 to 1"),
        (
            conversions.json_text,
            "{a}",
            "must be JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))",
        ),
        (conversions.decoded, "?", "must be base64 (Only base64 data is allowed)"),
        (conversions.network, "10.0.0.1/16", "must be a network such as 10.0.0.0/16 (10.0.0.1/16 has host bits set)"),
        (
            conversions.bucket_name,
            "Big_Bucket",
            "must be 3 to 63 lower-case letters, digits, dots and hyphens that begin and end with a letter or digit",
        ),
        (conversions.identity_policy, "[]", "must be a policy document, an object with Version and Statement"),
        (
            conversions.identity_policy,
            document(READ, Statements=[]),
            "is no valid policy document: Statements is none of Id, Statement, Version",
        ),
        (
            conversions.identity_policy,
            json.dumps({"Version": "2012", "Statement": [READ]}),
            "is no valid policy document: Version '2012' is none of 2012-10-17, 2008-10-17",
        ),
        (
            conversions.identity_policy,
            json.dumps({"Version": "2012-10-17", "Statement": []}),
            "is no valid policy document: Statement must be a list with at least one statement",
        ),
        (
            conversions.identity_policy,
            document({**READ, "Effect": "allow", "Actions": []}, "x"),
            "is no valid policy document: Statement[0] has Actions; a statement knows Action, Condition, Effect, "
            "NotAction, "
            "NotPrincipal, NotResource, Principal, Resource, Sid; Statement[0] Effect must be Allow or Deny, is "
            "'allow'; "
            "Statement[1] must be an object",
        ),
        (
            conversions.identity_policy,
            document({"Effect": "Allow", "Action": ["s3:Get*", "everything"]}),
            "is no valid policy document: Statement[0] must have Resource or NotResource; "
            "Statement[0] Action 'everything' must be <service>:<action> or *",
        ),
        (
            conversions.identity_policy,
            document({**READ, "Principal": "*"}),
            "is no valid policy document: Statement[0] must have no Principal: the policy is attached to an identity",
        ),
        (
            conversions.resource_policy,
            document(READ),
            "is no valid policy document: Statement[0] must have a Principal: the policy is attached to a resource",
        ),
        (
            conversions.resource_policy,
            document({"Effect": "Allow", "Principal": "*", "Resource": "*"}),
            "is no valid policy document: Statement[0] must have Action or NotAction",
        ),
        (
            conversions.trust_policy,
            document({**ASSUME, "Resource": "*"}),
            "is no valid policy document: a trust policy has no Resource, it speaks of its role",
        ),
    ],
)
def test_refusals_say_what_is_allowed(convert: Callable[[Any], Any], value: Any, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        convert(value)
    assert str(refused.value) == message
