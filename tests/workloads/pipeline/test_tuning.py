"""The committed definition `tune`: what it searches, and that its trials carry what a training job carries."""

from __future__ import annotations

import copy
import json
import logging
import re
from typing import Any

import pytest

from workloads import logs
from workloads.pipeline import render, validate
from workloads.pipeline.compiler import UnsafePipeline, compile_tune, to_text
from workloads.pipeline.graph import steps_of
from workloads.pipeline.harden import gaps
from workloads.pipeline.tokens import TOKENS


@pytest.fixture
def tune() -> dict[str, Any]:
    return json.loads(render.render(render.read("tune"), render.TUNING_EXAMPLES))


@pytest.fixture
def search(tune: dict[str, Any]) -> dict[str, Any]:
    (step,) = [each for each in tune["Steps"] if each["Name"] == "Tune"]
    return step


def test_the_committed_definition_is_made_of_train(compiled: dict[str, Any]) -> None:
    assert render.read("tune") == to_text(compile_tune(compiled)), "run `make pipeline` and commit what it writes"


def test_it_is_train_with_a_search_in_it(tune: dict[str, Any], rendered: dict[str, Any]) -> None:
    assert validate.faults(tune) == []
    assert [step["Name"] for step in tune["Steps"]] == ["Prepare", "Baseline", "Tune", "Evaluate", "Gate"]
    assert [tune["Steps"][n] for n in (0, 1)] == [rendered["Steps"][n] for n in (0, 1)]
    names = [each["Name"] for each in tune["Parameters"]]
    assert names == ["InputDataUri", "DatasetVersion", "ProcessingInstanceType", "ModelApprovalStatus"]


def test_the_search_is_within_the_budget_and_the_ranges(search: dict[str, Any]) -> None:
    assert search["Arguments"]["HyperParameterTuningJobConfig"] == {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": {"MetricName": "validation:best-loss", "Type": "Minimize"},
        "ResourceLimits": {
            "MaxNumberOfTrainingJobs": 12,
            "MaxParallelTrainingJobs": 3,
            "MaxRuntimeInSeconds": 11_000,
        },
        "ParameterRanges": {
            "ContinuousParameterRanges": [
                {"Name": "eta", "MinValue": "0.0125", "MaxValue": "0.2", "ScalingType": "Logarithmic"}
            ],
            "IntegerParameterRanges": [
                {"Name": "max_depth", "MinValue": "3", "MaxValue": "9", "ScalingType": "Linear"},
                {"Name": "num_round", "MinValue": "75", "MaxValue": "300", "ScalingType": "Logarithmic"},
            ],
        },
        "RandomSeed": 7,
    }


def test_a_trial_is_the_training_job_but_for_what_is_searched(search: dict[str, Any], steps: dict[str, Any]) -> None:
    trial, job = search["Arguments"]["TrainingJobDefinition"], steps["Train"]["Arguments"]
    assert search["Arguments"]["Tags"] == job["Tags"] == [{"Key": "Workload", "Value": "churn"}]
    alike = (
        *("EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining", "EnableNetworkIsolation"),
        *("Environment", "RoleArn", "StoppingCondition", "VpcConfig"),
    )
    assert {name: trial[name] for name in alike} == {name: job[name] for name in alike}
    assert trial["ResourceConfig"] == {**job["ResourceConfig"], "InstanceType": "ml.m5.2xlarge"}
    assert trial["OutputDataConfig"]["KmsKeyId"] == job["OutputDataConfig"]["KmsKeyId"]
    channels = [each["ChannelName"] for each in trial["InputDataConfig"]]
    assert channels == ["train", "validation", "contract", "manifest"]
    assert set(trial) == {
        *job,
    } - {"HyperParameters", "Tags"}
    place = trial["CheckpointConfig"]["S3Uri"]["Std:Join"]["Values"]
    assert place[1:] == [{"Get": "Steps.Prepare.ProcessingJobName"}, "tuning"]


@pytest.mark.parametrize(
    ("member", "lack"),
    [
        ("EnableInterContainerTrafficEncryption", "EnableInterContainerTrafficEncryption"),
        ("EnableNetworkIsolation", "EnableNetworkIsolation"),
        ("VpcConfig", "VpcConfig"),
    ],
)
def test_a_trial_without_what_the_sdk_drops_is_refused(compiled: dict[str, Any], member: str, lack: str) -> None:
    (train,) = [each for each in compiled["Steps"] if each["Name"] == "Train"]
    del train["Arguments"][member]
    with pytest.raises(UnsafePipeline, match=rf"^jobs lack what every job must carry:\nTune: no {lack}$"):
        compile_tune(compiled)


def test_a_trial_whose_volume_has_no_key_is_refused(tune: dict[str, Any], search: dict[str, Any]) -> None:
    connected = {"Evaluate": "asks AWS"}
    assert gaps(tune, connected=connected) == []
    del search["Arguments"]["TrainingJobDefinition"]["ResourceConfig"]["VolumeKmsKeyId"]
    assert gaps(tune, connected=connected) == ["Tune: no VolumeKmsKeyId"]


def test_making_it_changes_nothing_of_train(compiled: dict[str, Any]) -> None:
    before = copy.deepcopy(compiled)
    compile_tune(compiled)
    assert compiled == before


def test_what_follows_takes_the_best_trials_model(tune: dict[str, Any]) -> None:
    steps = {each["Name"]: each["Arguments"] for each in steps_of(tune["Steps"])}
    best = {"Get": "Steps.Tune.BestTrainingJob.TrainingJobName"}
    (channel,) = [each for each in steps["Evaluate"]["ProcessingInputs"] if each["InputName"] == "model"]
    outputs = steps["Tune"]["TrainingJobDefinition"]["OutputDataConfig"]["S3OutputPath"]
    assert channel["S3Input"]["S3Uri"] == {"Std:Join": {"On": "/", "Values": [outputs, best, "output/model.tar.gz"]}}
    assert outputs["Std:Join"]["Values"][-2:] == ["Tune", "output"]
    package = steps["Register"]
    assert package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == channel["S3Input"]["S3Uri"]
    assert package["CustomerMetadataProperties"]["training_job"] == best
    assert "Steps.Train." not in json.dumps(tune)


def test_the_objective_is_the_loss_of_the_model_that_is_kept(search: dict[str, Any]) -> None:
    metrics = search["Arguments"]["TrainingJobDefinition"]["AlgorithmSpecification"]["MetricDefinitions"]
    regex = {each["Name"]: each["Regex"] for each in metrics}["validation:best-loss"]
    record = logging.makeLogRecord({"msg": "trained 9 rounds", "rounds": 9, "validation_loss": 0.4321})
    assert re.findall(regex, logs.JsonFormatter(job="training").format(record)) == ["0.4321"]
    a_round = logging.makeLogRecord({"msg": "round", "round": 8, "validation-loss": 0.5})
    assert re.findall(regex, logs.JsonFormatter(job="training").format(a_round)) == []


def test_every_token_is_of_a_definition() -> None:
    texts = render.read("train"), render.read("tune"), render.read("machine")
    assert [token.name for token in TOKENS.values() if not any(token.placeholder in text for text in texts)] == []


@pytest.mark.parametrize("name", ["tuning_jobs", "tuning_eta_max", "training_role"])
def test_a_value_that_lacks_is_named(name: str) -> None:
    values = {key: value for key, value in render.TUNING_EXAMPLES.items() if key != name}
    with pytest.raises(render.RenderError, match=rf"\n{name}: no value \({re.escape(TOKENS[name].meaning)}\)$"):
        render.render(render.read("tune"), values)
