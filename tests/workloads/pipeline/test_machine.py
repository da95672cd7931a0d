"""The committed state machine: made of `train`, with the same requests, by the same values."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from workloads.pipeline import render, shapes
from workloads.pipeline.compiler import to_text
from workloads.pipeline.expressions import Expressions
from workloads.pipeline.graph import is_variable, steps_of
from workloads.pipeline.machine import machine

CALLS = {
    "Processing": "sagemaker:createProcessingJob.sync",
    "Training": "sagemaker:createTrainingJob.sync",
    "RegisterModel": "aws-sdk:sagemaker:createModelPackage",
}


@pytest.fixture
def states() -> dict[str, Any]:
    return dict(_states(json.loads(render.render(render.read("machine"), render.MACHINE_EXAMPLES))))


def _states(of: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in of["States"].items():
        yield name, state
        for branch in state.get("Branches", []):
            yield from _states(branch)


def plain(value: Any) -> Any:
    """A payload or the arguments of a step with all that a run decides as one word."""
    if is_variable(value):
        return "decided"
    if isinstance(value, dict):
        return {key.removesuffix(".$"): "decided" if key.endswith(".$") else plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def test_the_committed_machine_is_made_of_train(compiled: dict[str, Any]) -> None:
    assert render.read("machine") == to_text(machine(compiled)), "run `make pipeline` and commit what it writes"


def test_every_request_is_that_of_the_pipeline(states: dict[str, Any], rendered: dict[str, Any]) -> None:
    steps = {step["Name"]: step for step in steps_of(rendered["Steps"]) if step["Type"] in CALLS}
    assert sorted(steps) == ["Baseline", "Evaluate", "Prepare", "Register", "Train"]
    for name, step in steps.items():
        assert states[name]["Resource"] == f"arn:aws:states:::{CALLS[step['Type']]}"
        request = plain(states[name]["Parameters"])
        its_own = f"{step['Type']}JobName" if name != "Register" else "ClientToken"
        assert request.pop(its_own) == "decided"
        expected = plain(step["Arguments"])
        if name == "Register":  # no run approves what it registers
            assert (request.pop("ModelApprovalStatus"), expected.pop("ModelApprovalStatus")) == (
                "PendingManualApproval",
                "decided",
            )
        assert request == expected


def test_the_api_takes_every_request(states: dict[str, Any], rendered: dict[str, Any]) -> None:
    for step in steps_of(rendered["Steps"]):
        if step["Type"] in CALLS:
            request = _with_references(states[step["Name"]]["Parameters"])
            assert shapes.check({**step, "Arguments": request}, {}) == []


def _with_references(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key.removesuffix(".$"): {"Get": "Execution.X"} if key.endswith(".$") else _with_references(item)
            for key, item in value.items()
        }
    return [_with_references(item) for item in value] if isinstance(value, list) else value


def test_values_of_a_run_are_taken_from_where_they_are(states: dict[str, Any]) -> None:
    train, register = states["Train"]["Parameters"], states["Register"]["Parameters"]
    bucket = "123456789012-staging-ai-artifacts"
    assert train["HyperParameters"] == {
        "eta.$": "States.Format('{}', $.parameters.Eta)",
        "max_depth.$": "States.Format('{}', $.parameters.MaxDepth)",
        "num_round.$": "States.Format('{}', $.parameters.NumRound)",
    }
    assert train["CheckpointConfig"]["S3Uri.$"] == (
        f"States.Format('s3://{bucket}/checkpoints/churn/{{}}/{{}}-{{}}-{{}}', $.steps.Prepare.ProcessingJobName, "
        "$.parameters.NumRound, $.parameters.Eta, $.parameters.MaxDepth)"
    )
    (channel,) = [each for each in train["InputDataConfig"] if each["ChannelName"] == "train"]
    assert channel["DataSource"]["S3DataSource"]["S3Uri.$"] == (
        f"States.Format('s3://{bucket}/runs/churn/{{}}/Prepare/train', $$.Execution.Name)"
    )
    metadata = register["CustomerMetadataProperties"]
    assert metadata["metric.$"] == "$.files.Evaluation.content.headline.text"
    assert metadata["training_job.$"] == "$.steps.Train.TrainingJobName"
    assert register["MetadataProperties"]["GeneratedBy.$"] == "$$.Execution.Id"
    assert register["InferenceSpecification"]["Containers"][0]["ModelDataUrl.$"] == "$.steps.Train.S3ModelArtifacts"


def test_a_task_is_broken_off_after_its_job_would_have_been(states: dict[str, Any]) -> None:
    found = {name: state["TimeoutSeconds"] for name, state in states.items() if "TimeoutSeconds" in state}
    assert found == {"Prepare": 9000, "Baseline": 5400, "Train": 30_600, "Evaluate": 9000}


def test_steps_that_need_nothing_of_each_other_run_at_the_same_time(states: dict[str, Any]) -> None:
    together = [state for state in states.values() if state["Type"] == "Parallel"]
    assert [[branch["StartAt"] for branch in state["Branches"]] for state in together] == [["Baseline", "Train"]]
    assert together[0]["ResultSelector"] == {"Prepare.$": "$[0].steps.Prepare", "Train.$": "$[1].steps.Train"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"Get": "Parameters.Eta"}, "$.parameters.Eta"),
        ({"Std:Join": {"On": "-", "Values": ["a", {"Std:Join": {"On": "/", "Values": ["b", 1]}}]}}, "'a-b/1'"),
        (
            {"Std:Join": {"On": "", "Values": ["it's {x} \\", {"Get": "Parameters.A"}]}},
            "States.Format('it\\'s \\{x\\} \\\\{}', $.parameters.A)",
        ),
        ({"Get": "Execution.PipelineExecutionId"}, "$$.Execution.Name"),
    ],
)
def test_a_value_is_a_path_or_an_intrinsic(value: Any, text: str) -> None:
    assert Expressions({}, {}).text(value) == text


def test_a_list_that_a_run_decides_in_part_is_an_array() -> None:
    found = Expressions({}, {"Fixed": "yes"}).payload(
        {"Arguments": ["--eta", {"Get": "Parameters.Eta"}, "it's"], "Number": 1, "Status": {"Get": "Parameters.Fixed"}}
    )
    assert found == {
        "Arguments.$": "States.Array('--eta', $.parameters.Eta, 'it\\'s')",
        "Number": 1,
        "Status": "yes",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda steps: steps["Gate"]["Arguments"]["Conditions"][0].update(Type="LessThan"), "Gate: a condition of"),
        (lambda steps: steps["Baseline"].update(Type="Tuning"), "Baseline: a step of type Tuning has no states yet"),
        (lambda steps: steps["Train"]["RetryPolicies"][0].update(BackoffRate=1.5), "Train: waits grow by 1.5"),
        (
            lambda steps: steps["Prepare"]["Arguments"]["Environment"].update(NOW={"Get": "Execution.StartDateTime"}),
            "Execution.StartDateTime: a state machine has no such value",
        ),
    ],
)
def test_what_a_machine_cannot_say_is_not_left_out(compiled: dict[str, Any], change: Any, message: str) -> None:
    train = copy.deepcopy(compiled)
    change({step["Name"]: step for step in steps_of(train["Steps"])})
    with pytest.raises(ValueError, match=message):
        machine(train)
