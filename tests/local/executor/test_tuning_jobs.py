"""Tuning steps: trials drawn within the ranges, the best one's model, and what becomes of trials that fail."""

from __future__ import annotations

from typing import Any

import pytest

from local.executor import tuning
from tests.local.executor.world import World, reason_of

#: The loss is least where x is 3; the model is x.
TRIAL = """
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
chosen = json.loads((base / "input/config/hyperparameters.json").read_text())
x = int(chosen["x"])
if x == 4:
    sys.exit("no four")
(base / "model/x").write_text(chosen["x"] + " " + chosen["fixed"])
print(f"loss={abs(x - 3)}")
"""
RANGES = {"IntegerParameterRanges": [{"Name": "x", "MinValue": "1", "MaxValue": "6", "ScalingType": "Linear"}]}


def search(world: World, body: str, monkeypatch: pytest.MonkeyPatch, *, kind: str = "Minimize") -> dict[str, Any]:
    monkeypatch.setattr(tuning, "ENTRY", ("python3", world.script(body)))
    job = world.training("Tune", body)["Arguments"]
    del job["AlgorithmSpecification"]["ContainerEntrypoint"], job["HyperParameters"]
    return {
        "Name": "Tune",
        "Type": "Tuning",
        "Arguments": {
            "HyperParameterTuningJobConfig": {
                "Strategy": "Bayesian",
                "HyperParameterTuningJobObjective": {"MetricName": "loss", "Type": kind},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": 6, "MaxParallelTrainingJobs": 2},
                "ParameterRanges": RANGES,
                "RandomSeed": 7,
            },
            "TrainingJobDefinition": {**job, "StaticHyperParameters": {"fixed": "yes"}},
        },
    }


def test_the_same_seed_draws_the_same_trials_within_the_ranges() -> None:
    config = {
        "ParameterRanges": {
            "ContinuousParameterRanges": [
                {"Name": "eta", "MinValue": "0.01", "MaxValue": "0.1", "ScalingType": "Logarithmic"}
            ],
            "CategoricalParameterRanges": [{"Name": "kind", "Values": ["a", "b"]}],
            **RANGES,
        },
        "RandomSeed": 7,
    }
    first = list(tuning.draws(config, 50))
    assert first == list(tuning.draws(config, 50)) != list(tuning.draws({**config, "RandomSeed": 8}, 50))
    assert {each["x"] for each in first} == {"1", "2", "3", "4", "5", "6"}
    assert {each["kind"] for each in first} == {"a", "b"}
    etas = [float(each["eta"]) for each in first]
    assert 0.01 <= min(etas) < 0.02 < 0.08 < max(etas) <= 0.1


@pytest.mark.parametrize("kind", ["Minimize", "Maximize"])
def test_the_best_trial_goes_on(world: World, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    step = search(world, TRIAL, monkeypatch, kind=kind)
    after = world.processing(
        "After",
        "print(os.environ['BEST'])",
        environment={"BEST": {"Get": "Steps.Tune.BestTrainingJob.TunedHyperParameters['x']"}},
    )
    result = world.run([step, after])
    assert result.status == "Succeeded", result.failure_reason
    drawn = [int(each["x"]) for each in tuning.draws(step["Arguments"]["HyperParameterTuningJobConfig"], 6)]
    left = [x for x in drawn if x != 4]
    best = (min if kind == "Minimize" else max)(left, key=lambda x: abs(x - 3))
    log = result.step("After").log
    assert log is not None
    assert log.read_text() == f"{best}\n"
    arn = result.step("Tune").metadata["TuningJob"]["Arn"]
    name = arn.rpartition("/")[2]
    assert arn.startswith("arn:aws:sagemaker:eu-west-1:123456789012:hyper-parameter-tuning-job/exec00000")
    assert len(name) <= 32
    models = [key for key in world.keys("runs/") if key.endswith("/output/model.tar.gz")]
    assert len(models) == len(left)
    assert all(f"/Tune/{name}-00" in key for key in models)


def test_a_search_of_which_every_trial_fails_says_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    result = world.run([search(world, "sys.exit('no rows')", monkeypatch)])
    assert result.status == "Failed"
    assert "No trial of the search succeeded; the first one: AlgorithmError: no rows, exit code: 1" in reason_of(result)


def test_a_trial_that_tells_no_objective_is_no_candidate(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    result = world.run([search(world, "print('trained')", monkeypatch)])
    assert "the log says nothing of the objective metric loss" in reason_of(result)
