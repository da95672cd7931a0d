from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from workloads.pipeline import render, validate
from workloads.pipeline.tokens import Value
from workloads.pipeline.tracking import without_experiment


@pytest.mark.parametrize(("name", "values"), [("train", render.EXAMPLES), ("tune", render.TUNING_EXAMPLES)])
def test_nothing_but_the_experiment_is_left_out(name: str, values: Mapping[str, Value]) -> None:
    rendered = render.render(render.read(name), values)
    whole = json.loads(rendered)
    found = json.loads(without_experiment(rendered))
    assert whole.pop("PipelineExperimentConfig")["ExperimentName"] == "churn-staging"
    assert found == whole
    assert validate.faults(found) == []


def test_a_state_machine_has_none_and_stays_as_it_is() -> None:
    machine = render.render(render.read("machine"), render.MACHINE_EXAMPLES)
    assert without_experiment(machine) == machine
