"""Values that are not known yet: no policy crashes on one, takes it for wrong, or lets it pass in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from policies.guardrails.rule import Rule
from policies.guardrails.themes import rules
from tests.policies.mutation import Mutation
from tests.policies.mutations import MUTATIONS
from tests.policies.recording import UNKNOWN, Path, has, looked_at, reads, unknown_at
from tests.policies.specimens import platform
from tests.policies.support import Specimen, judge

RULES = {rule.name: rule for rule in rules()}
VALID = {specimen.name: specimen for specimen in platform()}
BREAKS = [(mutation, name) for mutation in MUTATIONS for name in mutation.caught]

# Breaks that a value not known yet does not hide: what the property depends on decides.
DECIDED_BY_DEPENDENCY = {
    ("s3-bucket-kms-encryption", "raw-logging"),
    ("workload-in-private-subnets", "model"),
    ("multi-az-subnets", "service"),
}


def with_unknown(rule: Rule, specimens: Mapping[str, Specimen], name: str, path: Path) -> list[Specimen]:
    """What the rule has to look at, with one input of one specimen not known yet."""
    changed = replace(specimens[name], inputs=unknown_at(specimens[name].properties, path))
    return looked_at(rule, {**specimens, name: changed}, name)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_an_unknown_value_is_never_taken_for_a_wrong_one(rule: Rule) -> None:
    for name, paths in reads(rule, VALID).items():
        for path in paths:
            if has(VALID[name].properties, path):
                verdict = judge(with_unknown(rule, VALID, name, path), only=[rule.name])
                assert verdict.violations == [], f"{name}: {path}"


@pytest.mark.parametrize(("mutation", "policy"), BREAKS, ids=lambda each: each if isinstance(each, str) else "")
def test_an_unknown_value_never_lets_a_break_pass_in_silence(mutation: Mutation, policy: str) -> None:
    """Each property that the policy reads of a broken resource is made unknown, one by one."""
    broken = mutation.change.apply(VALID)
    name = mutation.change.resource
    for path in reads(RULES[policy], broken).get(name, ()) if name in broken else ():
        if has(broken[name].properties, path):
            verdict = judge(with_unknown(RULES[policy], broken, name, path), only=[policy])
            assert verdict.violations or verdict.undecided, path


@pytest.mark.parametrize(
    ("mutation", "policy"),
    [(each, policy) for each, policy in BREAKS if each.change.path],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_would_break_a_policy_is_undecided_while_it_is_unknown(mutation: Mutation, policy: str) -> None:
    name, path = mutation.change.resource, mutation.change.path
    specimen = VALID[name].put(path, UNKNOWN)
    verdict = judge(looked_at(RULES[policy], {**VALID, name: specimen}, name), only=[policy])
    assert verdict.violations == []
    if (policy, name) not in DECIDED_BY_DEPENDENCY:
        assert [said.message for said in verdict.undecided if "is not known yet" in said.message]
