"""Values of another type than the schema of the provider has: no policy fails on one, and a number in text is one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies.guardrails.rule import Rule
from policies.guardrails.themes import rules
from tests.policies.recording import Path, has, joins, looked_at, put_at, reads
from tests.policies.specimens import platform
from tests.policies.support import Specimen, judge

VALID = {specimen.name: specimen for specimen in platform()}
ODD: tuple[Any, ...] = (None, "", True, 7.0, ["x", None], {"x": {"y": 1.0}})


def with_value(rule: Rule, name: str, path: Path, value: Any) -> list[Specimen]:
    """What the rule has to look at, with another value at one path of one specimen."""
    changed = replace(VALID[name], inputs=put_at(VALID[name].properties, path, value))
    return looked_at(rule, {**VALID, name: changed}, name)


@pytest.mark.parametrize("rule", [rule for rule in rules() if not joins(rule)], ids=lambda rule: rule.name)
def test_no_policy_fails_on_a_value_of_another_type(rule: Rule) -> None:
    for name, paths in reads(rule, VALID).items():
        for path in paths:
            for value in ODD if has(VALID[name].properties, path) else ():
                said = judge(with_value(rule, name, path, value), only=[rule.name]).violations
                assert [each.message for each in said if "itself failed" in each.message] == [], f"{name}: {path}"


@pytest.mark.parametrize("rule", [rule for rule in rules() if joins(rule)], ids=lambda rule: rule.name)
def test_no_policy_over_the_stack_fails_on_a_value_of_another_type(rule: Rule) -> None:
    for name, paths in reads(rule, VALID).items():
        for path in paths:
            for value in (["x", None], {"x": {"y": 1.0}}) if has(VALID[name].properties, path) else ():
                said = judge(with_value(rule, name, path, value), only=[rule.name]).violations
                assert [each.message for each in said if "itself failed" in each.message] == [], f"{name}: {path}"


@pytest.mark.parametrize(
    ("policy", "specimen", "path", "value", "said"),
    [
        ("log-retention", "trail-logs", "retentionInDays", "400", ""),
        ("log-retention", "trail-logs", "retentionInDays", "7", 'retentionInDays is "7"; it must be at least 365'),
        ("log-retention", "trail-logs", "retentionInDays", "long", 'retentionInDays is "long"; it must be at least'),
        ("job-timeouts", "etl", "timeout", "60", ""),
        ("job-timeouts", "etl", "timeout", [], "timeout is a list of 0; it must be set, to at most 480 minutes"),
    ],
)
def test_a_number_in_text_is_a_number(policy: str, specimen: str, path: str, value: Any, said: str) -> None:
    found = judge([VALID[specimen].put(path, value)], only=[policy]).violations
    assert [said in each.message for each in found] == ([True] if said else [])
