"""Inputs that move no answer: what a contract may promise, and the words for what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts import loader, model_card
from contracts.loader import ContractError
from contracts.schema import from_json, to_json

CHURN = (Path(__file__).parents[2] / "contracts" / "churn.yaml").read_text()
INPUTS = "user_tenure_months, transaction_volume, support_tickets"


def test_inputs_are_promised() -> None:
    contract = loader.loads(CHURN + "invariant: [support_tickets, transaction_volume]\n")
    assert contract.invariant == ("support_tickets", "transaction_volume")
    assert from_json(to_json(contract)) == contract
    assert "No other value of support_tickets, transaction_volume moves the answer." in str(
        model_card._learned(contract)
    )


def test_a_contract_without_any_is_what_it_was() -> None:
    assert '"invariant"' not in to_json(loader.loads(CHURN))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("[tickets]", f"invariant.0: 'tickets' is found, which is no input; allowed are {INPUTS}"),
        ("[churned]", f"invariant.0: 'churned' is found, which is no input; allowed are {INPUTS}"),
        ("[support_tickets, 7]", f"invariant.1: 7 is found, which is no input; allowed are {INPUTS}"),
        ("[[support_tickets]]", f"invariant.0: ['support_tickets'] is found, which is no input; allowed are {INPUTS}"),
        ("[support_tickets, support_tickets]", "invariant.1: 'support_tickets' is found twice; remove one"),
        ("support_tickets", "invariant: 'support_tickets' is found; allowed is a list of inputs, or leave it out"),
        ("[]", "invariant: [] is found; allowed is a list of inputs, or leave it out"),
        ("", "invariant: {} is found; allowed is a list of inputs, or leave it out"),
    ],
)
def test_what_is_no_input_is_refused(given: str, fault: str) -> None:
    with pytest.raises(ContractError) as refused:
        loader.loads(CHURN + f"invariant: {given}\n")
    assert [told.partition(", ")[2] for told in refused.value.faults] == [fault]


def test_of_a_column_with_a_fault_of_its_own_that_alone_is_told() -> None:
    faulty = CHURN.replace("support_tickets:    {type: integer", "support_tickets:    {type: whole")
    with pytest.raises(ContractError) as refused:
        loader.loads(faulty + "invariant: [support_tickets]\n")
    (told,) = refused.value.faults
    assert "columns.support_tickets.type: 'whole' is found" in told
