"""What a contract says of a model that goes on from the champion."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import loader
from contracts.schema import Incremental, from_json, to_json
from tests.contracts.test_labels import faults, written

BINARY = {"task": "binary_classification"}
ZERO_ONE = {"type": "integer", "allowed": [0, 1]}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, Incremental(rounds=50, rehearsal=0.2)),
        ({"rounds": 10}, Incremental(rounds=10, rehearsal=0.2)),
        ({"rehearsal": 1}, Incremental(rounds=50, rehearsal=1)),
    ],
)
def test_it_is_asked_for_by_its_key(said: dict[str, Any], expected: Incremental) -> None:
    contract = loader.loads(written(ZERO_ONE, **BINARY, incremental=said))
    assert contract.incremental == expected
    assert from_json(to_json(contract)) == contract


def test_a_contract_without_it_is_what_it_was() -> None:
    contract = loader.loads(written(ZERO_ONE, **BINARY))
    assert contract.incremental is None
    assert "incremental" not in to_json(contract)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, "incremental: nothing is found; a mapping with the keys rounds, rehearsal is allowed"),
        (True, "incremental: true is found; a mapping with the keys rounds, rehearsal is allowed"),
        ({"rounds": 0}, "incremental.rounds: 0 is found; allowed is greater than or equal to 1"),
        ({"rehearsal": 0}, "incremental.rehearsal: 0 is found; allowed is greater than 0"),
        ({"share": 0.5}, "incremental.share: unknown key; allowed are rounds, rehearsal; remove it"),
    ],
)
def test_what_is_wrong_is_said(said: Any, expected: str) -> None:
    assert faults(ZERO_ONE, **BINARY, incremental=said) == [expected]
