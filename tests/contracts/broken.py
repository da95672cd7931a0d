"""The churn contract with one thing changed, and the faults that the loader finds in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts import loader
from contracts.loader import ContractError

CHURN = Path(__file__).parents[2] / "contracts" / "churn.yaml"
Change = Callable[[dict[str, Any]], object]


def faults_of(text: str) -> list[str]:
    with pytest.raises(ContractError) as caught:
        loader.loads(text)
    return list(caught.value.faults)


def after(change: Change) -> list[str]:
    """Faults of the churn contract after `change`, without their line numbers (which the dump below moves)."""
    data: dict[str, Any] = yaml.safe_load(CHURN.read_text())
    change(data)
    return [fault.partition(", ")[2] for fault in faults_of(yaml.safe_dump(data, sort_keys=False))]


def put(*path: str, value: Any) -> Change:
    def change(data: dict[str, Any]) -> None:
        target = data
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return change


def drop(key: str) -> Change:
    return lambda data: data.pop(key)


KNOWN = (
    "name, description, task, objective, entity, event_time, label, threshold, cost, class_weights, monotone, "
    "invariant, missing, encoding, decimal, thousands, columns, features, segments, ingestion, split, quality, "
    "fairness, drift, training, retrain_after_rows, incremental, model_card"
)
INPUTS = "user_tenure_months, transaction_volume, support_tickets"
