"""The compiled form: what is written is read back, so is the form before it, and no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts import formats, loader, schema
from contracts.schema import Bounds, Contract

CHURN = loader.load(Path(__file__).parents[2] / "contracts" / "churn.yaml")
#: The churn contract as the first form held it, by the code that wrote it.
FIRST = Path(__file__).parent / "contract-format-1.json"


def test_the_compiled_form_says_its_number_and_reads_back_equal() -> None:
    text = schema.to_json(CHURN)
    assert json.loads(text)["format"] == formats.CURRENT == 2
    assert schema.from_json(text) == CHURN


def test_the_form_before_reads_as_the_contract_that_it_was() -> None:
    first = schema.from_json(FIRST.read_bytes())
    assert {bounds.metric: (bounds.min, bounds.max) for bounds in first.quality} == {
        "auc": (0.75, None),
        "accuracy": (0.75, None),
        "f1": (0.7, None),
        "calibration_error": (None, 0.1),
        "auc_loss": (None, 0.01),
        "latency_ms": (None, 50.0),
    }
    assert first.bounds("f1") == Bounds(metric="f1", min=0.7)
    # it knew no marks in texts, and these two elsewhere
    assert {column.name: column.missing for column in first.columns} == {
        "customer_id": (),
        "event_time": ("null", "nan"),
        "user_tenure_months": ("null", "nan"),
        "transaction_volume": ("null", "nan"),
        "support_tickets": ("null", "nan"),
        "churn_label": ("null", "nan"),
    }
    assert (first.features, first.segments, first.threshold) == (CHURN.features, CHURN.segments, CHURN.threshold)
    assert (first.ingestion, first.drift, first.training) == (CHURN.ingestion, CHURN.drift, CHURN.training)
    assert schema.from_json(schema.to_json(first)) == first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"format": 3},
            "format 3 is found; this code reads 1, 2; run the code that wrote it, or train the model again",
        ),
        ({"format": "x"}, "format 'x' is found; this code reads 1, 2"),
        ({"format": 2, "colour": 1}, "the key 'colour' is lacking or unknown"),
        ({"format": 1, "columns": [{"name": "a"}]}, "the key 'type' is lacking or unknown"),
    ],
)
def test_another_form_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        schema.from_json(json.dumps(json.loads(schema.to_json(CHURN)) | change))
    assert message in str(caught.value)


def test_what_is_no_object_is_no_contract() -> None:
    with pytest.raises(ValueError, match="a list is found; allowed is an object"):
        schema.from_json("[]")


def test_a_contract_has_a_default_for_every_key_that_came_later() -> None:
    """So that tests and the second stage of an inference pipeline can write one down in short."""
    assert Contract.__dataclass_fields__["quality"].default == schema.DEFAULT_QUALITY
