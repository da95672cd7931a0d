"""Documents of which a part is not known yet: what is known is judged, and the rest neither passes nor is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from policies.guardrails.themes import rules
from tests.policies.corpus import CORPUS, Bad
from tests.policies.mutation import Mutation
from tests.policies.mutations import MUTATIONS
from tests.policies.recording import Path, has, looked_at, paths, unknown_at
from tests.policies.specimens import data, platform
from tests.policies.support import ACCOUNT, UNKNOWN, Specimen, Verdict, judge

RULES = {rule.name: rule for rule in rules()}
VALID = {specimen.name: specimen for specimen in platform()}
DOCUMENTED = {name for name in RULES if name.startswith("iam-")} - {"iam-permissions-boundary"}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/training"


def role_policy(*statements: Any) -> Specimen:
    """Permissions of a role, the document as an object; statements allow unless they say otherwise."""
    allowing = [{"Effect": "Allow", **each} if isinstance(each, dict) else each for each in statements]
    return Specimen("iam/rolePolicy", "permissions", {"policy": {"Version": "2012-10-17", "Statement": allowing}})


def said(specimen: Specimen, policy: str) -> tuple[list[str], list[str]]:
    """What is violated and what is undecided, without the subject and the remedy."""
    verdict = judge([specimen], only=[policy])
    violated = [
        each.message.partition(": ")[2].partition(f". {RULES[policy].remedy}")[0] for each in verdict.violations
    ]
    return violated, [line.partition(": ")[2] for each in verdict.undecided for line in each.message.splitlines()]


# --- each statement on its own ---

KEY = {"Sid": "Key", "Action": "kms:Decrypt", "Resource": UNKNOWN}
WAITS = "policy.Statement[{}].{} is not known yet"


def test_a_wildcard_beside_an_unknown_arn_is_a_violation_now() -> None:
    document = role_policy(KEY, {"Sid": "All", "Action": "s3:*", "Resource": "*"})
    assert said(document, "iam-no-service-wildcard") == (["policy All allows s3:*"], [])
    assert said(document, "iam-no-resource-star") == (
        ["policy All allows s3:* on every resource"],
        [WAITS.format(0, "Resource")],
    )


def test_a_wildcard_on_an_unknown_arn_is_a_violation_now() -> None:
    document = role_policy({"Sid": "All", "Action": ["s3:*"], "Resource": [UNKNOWN, "arn:aws:s3:::raw"]})
    assert said(document, "iam-no-service-wildcard") == (["policy All allows s3:*"], [])
    assert said(document, "iam-no-resource-star") == ([], [WAITS.format(0, "Resource[0]")])


def test_what_the_unknown_part_cannot_change_is_decided() -> None:
    document = role_policy({"Sid": "Read", "Action": "ecr:GetAuthorizationToken", "Resource": UNKNOWN})
    for policy in DOCUMENTED - {"iam-trust-policy-scoped"}:
        assert said(document, policy) == ([], []), policy


@pytest.mark.parametrize(
    ("statement", "policy", "path"),
    [
        (
            {"Action": ["s3:GetObject", UNKNOWN], "Resource": "arn:aws:s3:::raw/*"},
            "iam-no-service-wildcard",
            "Action[1]",
        ),
        ({"Action": UNKNOWN, "Resource": "*"}, "iam-no-resource-star", "Action"),
        ({"Action": "kms:Decrypt", "Resource": UNKNOWN}, "iam-no-data-exfiltration", "Resource"),
        ({"Action": "*", "Resource": "*", "Effect": UNKNOWN}, "iam-no-admin-statement", "Effect"),
        (
            {
                "Action": "iam:PassRole",
                "Resource": ROLE,
                "Condition": {"StringEquals": {"iam:PassedToService": UNKNOWN}},
            },
            "iam-pass-role-scoped",
            "Condition.StringEquals.iam:PassedToService",
        ),
        ({"Action": "iam:PassRole", "Resource": ROLE, "Condition": UNKNOWN}, "iam-pass-role-scoped", "Condition"),
        (
            {"Action": "iam:PassRole", "Resource": ROLE, "Condition": {"StringEquals": UNKNOWN}},
            "iam-pass-role-scoped",
            "Condition.StringEquals",
        ),
        ({"Action": "iam:PassRole", "Resource": UNKNOWN, "Effect": "Allow"}, "iam-no-privilege-escalation", None),
        ({"Action": "iam:PutUserPolicy", "Resource": UNKNOWN}, "iam-no-privilege-escalation", "Resource"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_the_unknown_part_decides_waits_for_it(statement: dict[str, Any], policy: str, path: str | None) -> None:
    waits = [] if path is None else [WAITS.format(0, path)]
    assert said(role_policy(statement), policy) == ([], waits)


def test_a_statement_that_is_wholly_unknown_leaves_the_others_judged() -> None:
    document = role_policy(UNKNOWN, {"Sid": "All", "Action": "*", "Resource": "*"})
    assert said(document, "iam-no-admin-statement") == (
        ["policy All allows *"],
        ["policy.Statement[0] is not known yet"],
    )
    assert said(Specimen("iam/rolePolicy", "p", {"policy": {"Statement": UNKNOWN}}), "iam-no-admin-statement") == (
        [],
        ["policy.Statement is not known yet"],
    )


def test_a_way_to_more_rights_counts_what_is_known_of_every_statement() -> None:
    run = {"Action": ["lambda:CreateFunction", "lambda:InvokeFunction"], "Resource": "*"}
    certain = role_policy(run, {"Action": "iam:PassRole", "Resource": "*"}, KEY)
    violated, waiting = said(certain, "iam-no-privilege-escalation")
    assert violated == [
        "policy lets its holder run code in a function with any role "
        "(iam:PassRole and lambda:CreateFunction and lambda:InvokeFunction)"
    ]
    assert waiting == []
    possible = role_policy(run, {"Action": "iam:PassRole", "Resource": UNKNOWN})
    assert said(possible, "iam-no-privilege-escalation") == ([], [WAITS.format(1, "Resource")])


def test_a_trust_in_an_account_that_is_not_known_waits_and_trust_in_everyone_does_not() -> None:
    def trust(*statements: dict[str, Any]) -> Specimen:
        document = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **each} for each in statements]}
        return Specimen("iam/role", "training", {"assumeRolePolicy": document})

    service = {"Principal": {"Service": "sagemaker.amazonaws.com"}}
    held = {"Condition": {"StringEquals": {"aws:SourceAccount": UNKNOWN}}}
    path = "assumeRolePolicy.Statement[0].Condition.StringEquals.aws:SourceAccount is not known yet"
    assert said(trust({**service, **held}), "iam-trust-policy-scoped") == ([], [path])
    everyone = {"Sid": "Open", "Principal": "*"}
    assert said(trust({**service, **held}, everyone), "iam-trust-policy-scoped") == (
        ["assumeRolePolicy Open trusts everyone"],
        [path],
    )


# --- policies of buckets and keys ---


def bucket_policy(*statements: Any) -> dict[str, Specimen]:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {**VALID, "raw-policy": VALID["raw-policy"].put("policy", document)}


TLS = json.loads(data.bucket_policy("111122223333-prod-raw"))["Statement"][0]
WRONG_KEY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::111122223333-prod-raw/*",
    "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": UNKNOWN}},
}


@pytest.mark.parametrize(
    ("statements", "violated", "undecided"),
    [
        ([TLS, WRONG_KEY], False, False),
        ([TLS, UNKNOWN], False, False),
        ([WRONG_KEY], True, False),
        ([UNKNOWN], False, True),
        ([{**TLS, "Resource": UNKNOWN}, WRONG_KEY], False, True),
        ([{**TLS, "Condition": {"Bool": {"aws:SecureTransport": UNKNOWN}}}], False, True),
        ([{**TLS, "Effect": UNKNOWN}], False, True),
        ([{**TLS, "Effect": "Allow"}, WRONG_KEY], True, False),
    ],
    ids=[
        "known, beside a key that is not",
        "known, beside a statement that is not",
        "none, beside a key that is not known",
        "a statement that is not known",
        "its bucket is not known",
        "its condition is not known",
        "its effect is not known",
        "it allows",
    ],
)
def test_tls_is_demanded_by_what_is_known(statements: list[Any], violated: bool, undecided: bool) -> None:
    verdict = judge(bucket_policy(*statements).values(), only=["s3-bucket-tls-only"])
    assert (bool(verdict.violations), bool(verdict.undecided)) == (violated, undecided)


def test_a_key_open_to_everyone_is_a_violation_though_another_statement_waits() -> None:
    everyone = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    role = {"Effect": "Allow", "Principal": {"AWS": UNKNOWN}, "Action": "kms:Decrypt", "Resource": "*"}
    key = VALID["data-key"].put("policy", {"Statement": [everyone, role]})
    assert said(key, "resource-policy-no-wildcard-principal") == (
        ["policy Open allows every principal and tests no condition on it"],
        ["policy.Statement[1].Principal.AWS is not known yet"],
    )


# --- every document, every part ---


def verdict_of(specimens: Mapping[str, Specimen], name: str, policy: str) -> Verdict:
    return judge(looked_at(RULES[policy], specimens, name), only=[policy])


def documents(specimen: Specimen) -> Iterator[tuple[str, Any]]:
    """Property and content of each document that a specimen carries as JSON text."""
    for key, value in specimen.properties.items():
        if isinstance(value, str) and value[:1] in ("{", "[") and len(value) > 1:
            yield key, json.loads(value)


def partly_unknown(specimen: Specimen, key: str, content: Any, path: Path) -> Specimen:
    """The specimen with one part of a document not known yet."""
    return specimen.put(key, unknown_at(content, path))


CARRIERS = [(name, key) for name, specimen in VALID.items() for key, _ in documents(specimen)]


@pytest.mark.parametrize(("name", "key"), CARRIERS)
def test_no_part_of_a_valid_document_is_taken_for_wrong_while_it_is_unknown(name: str, key: str) -> None:
    content = dict(documents(VALID[name]))[key]
    bearing = [rule.name for rule in rules() if rule.bears_on(VALID[name].token) or VALID[name].token in rule.reads]
    for path in paths(content):
        changed = {**VALID, name: partly_unknown(VALID[name], key, content, path)}
        for policy in bearing:
            if policy not in (
                "required-tags",
                "environment-tag-matches-stack",
                "cost-center-tag-format",
                "tag-keys-valid",
            ):
                assert verdict_of(changed, name, policy).violations == [], (policy, path)


WRITTEN = [
    (mutation, policy)
    for mutation in MUTATIONS
    for policy in mutation.caught
    if (mutation.change.resource, mutation.change.path) in CARRIERS
]


@pytest.mark.parametrize(("mutation", "policy"), WRITTEN, ids=lambda each: each if isinstance(each, str) else "")
def test_no_part_of_a_bad_document_lets_it_pass_in_silence(mutation: Mutation, policy: str) -> None:
    broken, name, key = mutation.change.apply(VALID), mutation.change.resource, mutation.change.path
    content = dict(documents(broken[name])).get(key)
    for path in paths(content):
        changed = {**broken, name: partly_unknown(broken[name], key, content, path)}
        verdict = verdict_of(changed, name, policy)
        assert verdict.violations or verdict.undecided, path


@pytest.mark.parametrize("bad", CORPUS, ids=lambda bad: bad.name)
def test_no_part_of_the_corpus_passes_in_silence_and_none_is_called_bad_for_what_is_unknown(bad: Bad) -> None:
    kinds = {"permission": ("iam/policy", "policy"), "trust": ("iam/role", "assumeRolePolicy")}
    type_, key = kinds.get(bad.kind, ("sns/topicPolicy", "policy"))
    content = {"Version": "2012-10-17", "Statement": list(bad.statements)}
    policies = DOCUMENTED | {"resource-policy-no-wildcard-principal"}
    for path in (each for each in paths(content) if has(content, each) and each[0] == "Statement"):
        verdict = judge([Specimen(type_, bad.name, {key: unknown_at(content, path)})], only=policies)
        violated = {each.policy for each in verdict.violations}
        assert violated <= bad.caught, path
        assert bad.caught <= violated | {each.policy for each in verdict.undecided}, path
