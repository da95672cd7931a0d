"""examples/endpoint-kinds as its page says it: each kind from deployment to predictions, judged in strict."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.examples.looped import ROOT, judged

EXAMPLE = ROOT / "examples" / "endpoint-kinds"


def told(kind: str, tmp_path: Path) -> str:
    """What the loop over the stack of a kind prints."""
    return judged(tmp_path / "home", kind, EXAMPLE / f"Pulumi.{kind}.yaml")


@pytest.mark.full
@pytest.mark.loop
def test_a_serverless_endpoint_predicts_is_seen_by_monitors_and_rolled_back(tmp_path: Path) -> None:
    text = told("serverless", tmp_path)
    assert "2000 of 2000 requests served" in text
    captured = re.findall(r"800 requests through InvokeEndpoint, (\d+) records captured", text)
    # The service captures by itself: also the timed requests, 100 to get warm, and the first, which started it.
    assert captured == ["2901", "800"]
    assert "no drift" in text
    assert "rolled-back: Threshold Crossed" in text


@pytest.mark.full
@pytest.mark.loop
def test_a_batch_endpoint_scores_files_and_goes_back_by_its_record(tmp_path: Path) -> None:
    text = told("batch", tmp_path)
    assert "2000 of 2000 rows served" in text
    assert re.search(r"800 rows through a transform job, \d+ records captured", text)
    assert "no drift" in text
    assert "Failed, for a file that is against the contract" in text
    first, _, again = re.findall(r"the schedule scores with churn-batch-nightly-([0-9a-f]{10})-", text)
    assert first == again
    assert f"-{first}-" in text.partition("60 rows")[0].rpartition("\n")[2]


@pytest.mark.full
@pytest.mark.loop
def test_an_asynchronous_endpoint_predicts_by_s3_rests_and_wakes(tmp_path: Path) -> None:
    text = told("asynchronous", tmp_path)
    assert "2000 of 2000 rows served" in text
    assert re.search(r"800 rows through InvokeEndpointAsync, \d+ records captured", text)
    assert "rolled-back: Threshold Crossed" in text
    # SageMaker wakes by an alarm on two minutes; then the request is answered.
    assert re.search(r"0 instances after it; a request waited [2-4] minutes for 1: \{200: 1\}", text)


@pytest.mark.full
@pytest.mark.loop
def test_a_function_predicts_by_invoke_is_seen_by_monitors_and_rolled_back(tmp_path: Path) -> None:
    text = told("lambda", tmp_path)
    assert "2000 of 2000 requests served" in text
    # The service captures by itself: also the timed requests and 100 to get warm.
    assert re.findall(r"800 requests through Invoke, (\d+) records captured", text) == ["2900", "800"]
    assert "no drift" in text
    assert "killed every environment, as crashes would: answers then {200: 60}" in text
    assert "rolled-back: wrong answers, seen by who is on call" in text
    assert "answers after the rollback: {200: 60}" in text
    first, _ = re.findall(r"release ([0-9a-f]{10}) is to be live", text)
    assert f"the endpoint still serves churn-lambda-live-{first}-" in text


@pytest.mark.full
@pytest.mark.loop
def test_tasks_behind_a_load_balancer_predict_are_replaced_and_rolled_back(tmp_path: Path) -> None:
    text = told("fargate", tmp_path)
    assert "2000 of 2000 requests served" in text
    # The service captures by itself: also the timed requests and 100 to get warm.
    assert re.findall(r"800 requests through the load balancer, (\d+) records captured", text) == ["2900", "800"]
    assert "no drift" in text
    assert "killed one of 2 tasks, as a crash would: answers meanwhile {200: 60}" in text
    assert "another one took its place: 2 tasks again" in text
    assert "rolled-back: wrong answers, seen by who is on call" in text


@pytest.mark.full
@pytest.mark.loop
def test_two_containers_in_a_row_predict_are_captured_as_one_and_rolled_back(tmp_path: Path) -> None:
    text = told("inference-pipeline", tmp_path)
    assert "InService: by InvokeEndpoint" in text
    assert "2000 of 2000 requests served" in text
    # SageMaker captures what goes into the first container and comes out of the last: also the timed requests and 100
    # to get warm.
    assert re.findall(r"800 requests through InvokeEndpoint, (\d+) records captured", text) == ["2900", "800"]
    assert "no drift" in text
    assert "rolled-back: Threshold Crossed" in text


@pytest.mark.full
@pytest.mark.loop
def test_a_multi_model_endpoint_serves_models_by_name_and_captures_each(tmp_path: Path) -> None:
    text = told("multi-model", tmp_path)
    assert "2000 of 2000 requests served" in text
    # The timed requests, 100 to get warm and the first, which loaded the model, are captured by the service too.
    assert re.findall(r"800 requests through InvokeEndpoint, (\d+) records captured", text) == ["2901", "800"]
    assert "no drift" in text
    assert "rolled-back: Threshold Crossed" in text
    assert re.search(r"release [0-9a-f]{10} is to serve another, champion\n", text)
    assert [model for model in ("champion", "another") if f"60 of 60 requests for {model}.tar.gz served" in text] == [
        "champion",
        "another",
    ]


@pytest.mark.full
@pytest.mark.loop
def test_an_inference_component_predicts_is_rolled_back_rests_and_wakes(tmp_path: Path) -> None:
    text = told("inference-component", tmp_path)
    assert "2000 of 2000 requests served" in text
    # The service captures by itself: also the timed requests and 100 to get warm.
    assert re.findall(r"800 requests through InvokeEndpoint, (\d+) records captured", text) == ["2900", "800"]
    assert "no drift" in text
    assert "rolled-back: Threshold Crossed" in text
    first, _ = re.findall(r"release ([0-9a-f]{10}) is to be live", text)
    assert f"the endpoint still serves churn-inference-component-rare-{first}-" in text
    assert "0 copies on 0 instances after it" in text
    assert "a request is refused: ValidationError: Inference Component has no capacity to process this request." in text
    assert re.search(r"served after [1-3] minutes by 1 copy: \{200: 1\}", text)
