"""Policy documents: ours flag every bad one of the corpus, and outside analysers find nothing in the stacks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.session import Session

from policies.guardrails.themes import rules
from tests.policies.corpus import CORPUS, Bad
from tests.policies.stacks import STACKS, resources
from tests.policies.support import Specimen, judge

DOCUMENT_POLICIES = {
    rule.name
    for rule in rules()
    if rule.name.startswith("iam-") or rule.name == "resource-policy-no-wildcard-principal"
} - {"iam-permissions-boundary"}

# What an outside analyser finds and is right to be there.
ALLOWED = {
    ("credentials_exposure", "ecr:GetAuthorizationToken"): "a job pulls its image with a token; the action takes no "
    "resource, and the token pulls from the repositories that the role names only",
}
#: Actions of operations that are younger than the analysers' data, by the API model that has them.
YOUNGER = {"sagemaker:BatchWriteRecord": "sagemaker-featurestore-runtime"}
FINDINGS = (
    "allows_privilege_escalation",
    "permissions_management_without_constraints",
    "write_actions_without_constraints",
    "tagging_actions_without_constraints",
    "allows_data_exfiltration_actions",
    "service_wildcard",
    "credentials_exposure",
    "infrastructure_modification",
)


def holder(bad: Bad) -> Specimen:
    """A resource that carries a document of the corpus."""
    text = json.dumps({"Version": "2012-10-17", "Statement": list(bad.statements)})
    match bad.kind:
        case "permission":
            return Specimen("iam/policy", bad.name, {"policy": text})
        case "trust":
            return Specimen("iam/role", bad.name, {"assumeRolePolicy": text})
        case _:
            return Specimen("sns/topicPolicy", bad.name, {"policy": text})


@pytest.mark.parametrize("bad", CORPUS, ids=lambda bad: bad.name)
def test_a_bad_document_is_flagged_by_the_policies_meant_to(bad: Bad) -> None:
    verdict = judge([holder(bad)], only=DOCUMENT_POLICIES)
    assert {said.policy for said in verdict.violations} == bad.caught


def permissions() -> tuple[tuple[str, str], ...]:
    """Stack and name, and text, of every permission policy that the stacks render."""
    return tuple(
        (f"{stack} {entry['name']}", entry["inputs"]["policy"])
        for stack in STACKS
        for entry in resources(stack)
        if entry["type"] in ("aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy")
    )


def test_the_stacks_have_permission_policies() -> None:
    assert len(permissions()) > 20


def test_parliament_finds_nothing() -> None:
    parliament = pytest.importorskip("parliament", reason="parliament is a tool of the developers' requirements")
    sentry = pytest.importorskip("policy_sentry.querying.actions", reason="needed to know newer actions")
    found: list[str] = []
    for name, text in permissions():
        for finding in parliament.analyze_policy_string(text).findings:
            # parliament's data is of 2025: an action that policy_sentry knows is no mistake.
            action = next((each for each in YOUNGER if each in str(finding.detail)), str(finding.detail))
            known = finding.issue == "UNKNOWN_ACTION" and (
                action in YOUNGER or sentry.get_action_data(*action.split(":", 1))
            )
            # It matches no `*/name`; what a boundary covers is held by the simulator (tests/synth/test_boundary.py).
            wide = finding.issue == "RESOURCE_MISMATCH" and name.endswith("-boundary")
            if not known and not wide:
                found.append(f"{name}: {finding.issue} {finding.detail}")
    assert found == []


def test_cloudsplaining_finds_nothing_that_is_not_allowed() -> None:
    scan = pytest.importorskip("cloudsplaining.scan.policy_document", reason="cloudsplaining is a developers' tool")
    found: list[tuple[str, str, Any]] = []
    for name, text in permissions():
        document = scan.PolicyDocument(json.loads(text))
        for kind in FINDINGS:
            found += [(name, kind, one) for one in getattr(document, kind) if (kind, one) not in ALLOWED]
    assert found == []


def test_cloudsplaining_flags_what_the_corpus_calls_an_escalation() -> None:
    """The outside analyser and ours agree on the ways that both know."""
    scan = pytest.importorskip("cloudsplaining.scan.policy_document", reason="cloudsplaining is a developers' tool")
    for bad in CORPUS:
        if bad.kind == "permission":
            theirs = scan.PolicyDocument({"Version": "2012-10-17", "Statement": list(bad.statements)})
            if theirs.allows_privilege_escalation:
                assert "iam-no-privilege-escalation" in bad.caught, bad.name


def test_every_action_that_a_stack_allows_exists() -> None:
    sentry = pytest.importorskip("policy_sentry.querying.actions", reason="policy_sentry is a developers' tool")
    from policies.guardrails.documents import statements
    from policies.guardrails.resource import Resource

    unknown: set[str] = set()
    for _, text in permissions():
        resource = Resource(type="aws:iam/policy:Policy", name="p", urn="u", inputs={"policy": text})
        for statement in statements(resource.prop("policy")):
            for action in statement.least.actions:
                service, _, name = action.partition(":")
                if "*" not in name and not sentry.get_action_data(service, name):
                    unknown.add(action)
    assert unknown <= set(YOUNGER)


@pytest.mark.parametrize("action", YOUNGER)
def test_an_action_that_the_analysers_do_not_know_yet_is_an_operation(action: str) -> None:
    operations: Any = Session().get_service_model(YOUNGER[action]).operation_names
    assert action.partition(":")[2] in operations
