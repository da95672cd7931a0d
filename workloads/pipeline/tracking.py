"""Whether the runs of a rendered pipeline, or of the state machine in its place, are kept as an experiment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

_EXPERIMENT: Final = "PipelineExperimentConfig"
#: A run's own part of its trial's name: an execution's may have letters that a trial's may not.
_RUN: Final = "States.Hash($$.Execution.Id, 'MD5')"
_JOBS: Final = ("createProcessingJob", "createTrainingJob")


def without_experiment(definition: str) -> str:
    """The definition, as `render` has them, whose runs are no trials of an experiment: without the part that says so
    SageMaker makes none (developer guide, "Disable Experiments Integration", read 2026-11-30).
    """
    document = json.loads(definition)
    document.pop(_EXPERIMENT, None)  # a state machine has none
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def machine_with_experiment(definition: str, experiment: str) -> str:
    """The machine, as `render` has it, whose runs are trials of an experiment, as those of a pipeline are.

    What Pipelines does by itself are two states before the first job: the experiment is made, which fails where it is
    there and may, and a trial. Each job names both (API reference, ExperimentConfig: of an existing experiment and an
    existing trial), and SageMaker records it there with its parameters and metrics.
    """
    document: dict[str, Any] = json.loads(definition)
    states = document["States"]
    trial = f"States.Format('{experiment}-{{}}', {_RUN})"
    for name, state in _jobs(states):
        state["Parameters"]["ExperimentConfig"] = {
            "ExperimentName": experiment,
            "TrialName.$": trial,
            "TrialComponentDisplayName": name,
        }
    begins = states["Check"]["Choices"][0]
    call = states["Register"]["Resource"].removesuffix("createModelPackage")
    states["Experiment"] = {
        "Type": "Task",
        "Resource": f"{call}createExperiment",
        "Parameters": {"ExperimentName": experiment},
        "ResultPath": None,
        "Catch": [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": None, "Next": "Trial"}],
        "Next": "Trial",
    }
    states["Trial"] = {
        "Type": "Task",
        "Resource": f"{call}createTrial",
        "Parameters": {"ExperimentName": experiment, "TrialName.$": trial},
        "ResultPath": None,
        "Retry": states["Register"]["Retry"],
        "Next": begins["Next"],
    }
    begins["Next"] = "Experiment"
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _jobs(states: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state that starts a job, with its name; those that run at the same time too."""
    for name, state in states.items():
        if any(f":sagemaker:{call}.sync" in state.get("Resource", "") for call in _JOBS):
            yield name, state
        for branch in state.get("Branches", []):
            yield from _jobs(branch["States"])
