"""The facts that the policy pack reads are those of the tables."""

from __future__ import annotations

import json

import pytest

from contracts.facts import TARGET, text
from contracts.instances import has_local_storage, table
from contracts.kinds import KINDS
from policies.guardrails.facts import kind, takes_volume_key


def test_the_file_is_current() -> None:
    """Run `python -m contracts.facts` when this fails."""
    assert TARGET.read_text(encoding="utf-8") == text()


def test_the_pack_knows_every_type_as_the_table_does() -> None:
    assert {name for name in table() if takes_volume_key(name)} == {
        name for name in table() if not has_local_storage(name)
    }


@pytest.mark.parametrize(
    ("instance_type", "takes"),
    [
        ("ml.g5.xlarge", False),
        ("ml.g7e.2xlarge", False),
        ("ml.p6-b200.48xlarge", False),
        ("ml.i3en.large", False),
        ("ml.m5d.large", False),
        ("ml.m5.large", True),
        ("ml.p3.2xlarge", True),
        ("ml.unheard.of", True),
        (None, True),
    ],
)
def test_which_types_take_the_key_of_a_volume(instance_type: str | None, takes: bool) -> None:
    assert takes_volume_key(instance_type) is takes


def test_the_pack_knows_every_kind_by_the_facts_of_the_table() -> None:
    assert set(json.loads(TARGET.read_text(encoding="utf-8"))["kinds"]) == set(KINDS)
    for facts in KINDS.values():
        assert kind(facts.name) == {
            "has_instances": facts.has_instances,
            "captures": facts.captures,
            "in_network": facts.in_network,
            "scales_to_zero": facts.scales_to_zero,
            "rollouts": list(facts.rollouts),
        }
