from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from contracts.names import MAX_PREFIX
from workloads.pipeline import render, validate
from workloads.pipeline.tokens import Value
from workloads.pipeline.tracking import machine_with_experiment, without_experiment


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


def _machine() -> tuple[dict[str, Any], dict[str, Any]]:
    """The machine without an experiment, and with one."""
    machine = render.render(render.read("machine"), render.MACHINE_EXAMPLES)
    return json.loads(machine), json.loads(machine_with_experiment(machine, "churn-staging"))


def test_a_machine_makes_experiment_and_trial_before_its_first_job_and_every_job_names_both() -> None:
    without, found = _machine()
    states = found["States"]
    assert states["Check"]["Choices"][0]["Next"] == "Experiment"
    made, trial = states.pop("Experiment"), states.pop("Trial")
    assert (made["Next"], made["Catch"][0]["Next"], trial["Next"]) == ("Trial", "Trial", "Prepare")
    assert made["Resource"] == "arn:aws:states:::aws-sdk:sagemaker:createExperiment"
    assert trial["Resource"] == "arn:aws:states:::aws-sdk:sagemaker:createTrial"
    assert made["Parameters"] == {"ExperimentName": "churn-staging"}
    named = {
        "ExperimentName": "churn-staging",
        "TrialName.$": "States.Format('churn-staging-{}', States.Hash($$.Execution.Id, 'MD5'))",
    }
    assert trial["Parameters"] == named
    states["Check"]["Choices"][0]["Next"] = "Prepare"
    both = states["BaselineAndTrain"]["Branches"]
    jobs = {"Prepare": states["Prepare"], "Evaluate": states["Evaluate"]}
    jobs |= {name: branch["States"][name] for name, branch in zip(("Baseline", "Train"), both, strict=True)}
    configs = {name: job["Parameters"].pop("ExperimentConfig") for name, job in jobs.items()}
    assert configs == {name: {**named, "TrialComponentDisplayName": name} for name in jobs}
    assert found == without  # and nothing else


def test_a_trials_name_is_legal_however_long_the_workloads() -> None:
    """API reference, CreateTrial: up to 120 letters."""
    assert len(f"{'w' * MAX_PREFIX}-{'0' * 32}") <= 120
