"""Directions of features: what a contract may promise, and the words for what it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts import loader
from contracts.loader import ContractError
from contracts.schema import Monotone, from_json, to_json
from tests.workloads.tasks import problems

CHURN = (Path(__file__).parents[2] / "contracts" / "churn.yaml").read_text()
NAMES = "tenure_months, log_volume, volume_missing, tickets, tickets_per_year, volume_per_tenure"


def test_each_feature_has_its_direction() -> None:
    contract = loader.loads(
        CHURN + "monotone: {tickets: increasing, tenure_months: decreasing, log_volume: increasing}\n"
    )
    assert contract.monotone is not None
    assert contract.monotone == Monotone(increasing=("tickets", "log_volume"), decreasing=("tenure_months",))
    found = [contract.monotone.direction(name) for name in contract.feature_names]
    assert dict(zip(contract.feature_names, found, strict=True)) == {
        "tenure_months": -1,
        "log_volume": 1,
        "volume_missing": 0,
        "tickets": 1,
        "tickets_per_year": 0,
        "volume_per_tenure": 0,
    }
    assert from_json(to_json(contract)) == contract


def test_a_contract_without_any_is_what_it_was() -> None:
    assert '"monotone"' not in to_json(loader.loads(CHURN))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("{ticket: increasing}", f"monotone.ticket: is no feature; allowed are {NAMES}"),
        ("{support_tickets: increasing}", f"monotone.support_tickets: is no feature; allowed are {NAMES}"),
        ("{tickets: up}", "monotone.tickets: 'up' is found; allowed are increasing, decreasing"),
        (
            "[tickets]",
            "monotone: ['tickets'] is found; allowed is a mapping from feature to increasing or decreasing, or leave "
            "it out",
        ),
        ("", "monotone: {} is found; allowed is a mapping from feature to increasing or decreasing, or leave it out"),
    ],
)
def test_what_is_no_direction_is_refused(given: str, fault: str) -> None:
    with pytest.raises(ContractError) as refused:
        loader.loads(CHURN + f"monotone: {given}\n")
    assert [told.partition(", ")[2] for told in refused.value.faults] == [fault]


@pytest.mark.parametrize(
    ("problem", "given", "fault"),
    [
        (
            "multiclass",
            "{a: increasing}",
            "monotone: is found, while the classes of a multiclass_classification share one certainty; remove it",
        ),
        *(
            (
                loss,
                "{a: increasing}",
                f"monotone: is found, and the objective {loss} sets its leaves without regard to it; remove one of "
                "both",
            )
            for loss in ("absolute", "quantile")
        ),
        ("categorical", "{plan: increasing}", "monotone.plan: is a category, which has no direction; remove it"),
    ],
)
def test_what_no_model_could_keep_is_refused(problem: str, given: str, fault: str) -> None:
    with pytest.raises(ContractError) as refused:
        problems.contract(problem, f"monotone: {given}")
    assert [told.partition(", ")[2] for told in refused.value.faults] == [fault]


@pytest.mark.parametrize("problem", ["binary", "costly", "squared", "poisson", "gamma", "tweedie"])
def test_all_others_may_have_one(problem: str) -> None:
    found: Any = problems.contract(problem, "monotone: {a: increasing}").monotone
    assert found == Monotone(increasing=("a",))
