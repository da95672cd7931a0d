"""Every policy: passes on a valid platform, catches what breaks it in exact words, and says what it cannot decide."""

from __future__ import annotations

import pytest

from policies.guardrails.resource import short_type
from policies.guardrails.themes import rules
from tests.policies.mutation import Mutation
from tests.policies.mutations import MUTATIONS
from tests.policies.specimens import platform
from tests.policies.support import Specimen, judge, preview

RULES = {rule.name: rule for rule in rules()}


@pytest.fixture(scope="module")
def valid() -> dict[str, Specimen]:
    """The specimens by name."""
    return {specimen.name: specimen for specimen in platform()}


def test_a_valid_platform_passes_every_policy(valid: dict[str, Specimen]) -> None:
    verdict = judge(valid.values())
    assert verdict.violations == []
    assert verdict.undecided == []


def test_every_policy_judges_a_specimen(valid: dict[str, Specimen]) -> None:
    types = {specimen.token for specimen in valid.values()}
    # No valid platform has these: the policy forbids them.
    assert {name for name, rule in RULES.items() if not any(map(rule.bears_on, types))} == {"iam-no-users-or-keys"}


def test_a_preview_violates_nothing_and_says_what_waits(valid: dict[str, Specimen]) -> None:
    verdict = judge(preview(valid.values()))
    assert verdict.violations == []
    waiting = {said.policy: said.message for said in verdict.undecided}
    assert waiting["iam-no-admin-statement"] == "iam/rolePolicy 'training-permissions': policy is not known yet"
    assert waiting["sns-topic-kms"] == "sns/topic 'alerts': kmsMasterKeyId is not known yet"


def test_dependencies_decide_what_names_cannot_say_yet(valid: dict[str, Specimen]) -> None:
    """At preview ids are unknown; joins go by dependencies, so these are decided all the same."""
    joined = {
        "s3-versioning",
        "vpc-flow-logs",
        "workload-in-private-subnets",
        "endpoint-autoscaling",
        "secret-rotation",
    }
    assert joined.isdisjoint(said.policy for said in judge(preview(valid.values())).undecided)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: f"{'+'.join(each.caught)}-{each.change.resource}")
def test_a_break_is_caught_by_exactly_the_policies_meant_to(mutation: Mutation, valid: dict[str, Specimen]) -> None:
    broken = mutation.change.apply(valid)
    verdict = judge(broken.values(), stack=mutation.stack, known=valid.values())
    specimen = broken.get(mutation.change.resource) or valid[mutation.change.resource]
    subject = f"{short_type(specimen.token)} '{specimen.name}': "
    found = {
        policy: [problem.removeprefix(subject) for problem in problems]
        for policy, problems in verdict.problems(RULES).items()
    }
    wanted = {name: [said] if isinstance(said, str) else list(said) for name, said in mutation.caught.items()}
    assert found == wanted
    assert verdict.undecided == []


def test_every_policy_is_broken_by_some_mutation() -> None:
    caught = {name for mutation in MUTATIONS for name in mutation.caught}
    print(f"mutation score: {len(MUTATIONS)} made, caught all; {len(caught)} of {len(RULES)} policies")
    assert caught == set(RULES)
