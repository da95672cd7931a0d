"""How long a request takes on what an instance has, and how many instances a stack may name."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import instances
from contracts.advice import Needs
from contracts.advice.capacity import MOST_INSTANCES, request_ms
from settings import endpoints
from settings.autoscaling import Autoscaling
from settings.section import Section


@pytest.mark.parametrize(
    ("instance_type", "needs", "takes"),
    [
        ("ml.m5.large", {}, 0.1),
        ("ml.m5.large", {"framework": "transformers"}, 200),
        ("ml.m5.large", {"framework": "transformers", "request_ms": 50.0}, 50),
        ("ml.g4dn.12xlarge", {"framework": "pytorch"}, 2),
        ("ml.g4dn.12xlarge", {}, None),  # of no use to xgboost's scoring
        ("ml.inf2.xlarge", {"framework": "pytorch"}, 2),
        ("ml.inf2.xlarge", {"framework": "onnx"}, None),
        ("ml.trn1.2xlarge", {"framework": "pytorch"}, None),  # trains
    ],
)
def test_how_long_a_request_takes_on_a_core_or_an_accelerator(
    instance_type: str, needs: dict[str, Any], takes: float | None
) -> None:
    assert request_ms(Needs(**needs), instances.instance(instance_type).accelerator) == takes


@pytest.mark.parametrize(
    ("section", "field"),
    [
        (Autoscaling, "maximum"),
        (endpoints.BacklogScaling, "maximum"),
        (endpoints.CopyScaling, "maximum"),
        (endpoints.TaskScaling, "maximum"),
        (endpoints.Batch, "instance_count"),
    ],
)
def test_the_most_that_advice_counts_with_is_what_the_settings_take(section: type[Section], field: str) -> None:
    assert section.model_json_schema()["properties"][field]["maximum"] == MOST_INSTANCES
