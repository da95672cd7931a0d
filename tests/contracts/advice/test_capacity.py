"""What an instance takes at most, and how many of them a stack may name."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import instances
from contracts.advice import Needs
from contracts.advice.capacity import MOST_INSTANCES, full_rps
from settings import endpoints
from settings.autoscaling import Autoscaling
from settings.section import Section


@pytest.mark.parametrize(
    ("instance_type", "needs", "rps"),
    [
        ("ml.m5.large", {}, 20_000),  # 2 cores, 0.1 ms
        ("ml.m5.large", {"framework": "transformers"}, 10),
        ("ml.m5.large", {"framework": "transformers", "request_ms": 50.0}, 40),
        ("ml.g4dn.12xlarge", {"framework": "pytorch"}, 2_000),  # 4 GPUs, 2 ms
        ("ml.g4dn.12xlarge", {}, None),  # of no use to xgboost's scoring
        ("ml.inf2.xlarge", {"framework": "pytorch"}, 500),
        ("ml.inf2.xlarge", {"framework": "onnx"}, None),
        ("ml.trn1.2xlarge", {"framework": "pytorch"}, None),  # trains
    ],
)
def test_requests_a_second_that_keep_an_instance_busy(
    instance_type: str, needs: dict[str, Any], rps: float | None
) -> None:
    assert full_rps(Needs(**needs), instances.instance(instance_type)) == rps


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
