"""What the committed definition says, by name: the golden file beside these is `definitions/train.json` itself."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest

from contracts.instances import trained_on, with_volumes
from workloads import logs
from workloads.pipeline.tokens import EXAMPLES

JOBS = ("Prepare", "Baseline", "Train", "Evaluate")
Steps = dict[str, Any]


def test_steps_in_order(rendered: dict[str, Any], steps: Steps) -> None:
    assert [s["Name"] for s in rendered["Steps"]] == ["Prepare", "Baseline", "Train", "Evaluate", "Gate"]
    gate = steps["Gate"]["Arguments"]
    assert [s["Name"] for s in gate["IfSteps"]] == ["Register"]
    assert [s["Name"] for s in gate["ElseSteps"]] == ["Reject"]


CONTRACT = "s3://123456789012-staging-ai-artifacts/contracts/churn/0123456789abcdef/contract.json"


def test_only_run_time_knobs_are_parameters(rendered: dict[str, Any]) -> None:
    defaults = {p["Name"]: p.get("DefaultValue") for p in rendered["Parameters"]}
    assert defaults == {
        "InputDataUri": "s3://123456789012-staging-ai-processed-data/accepted/churn/",
        "DatasetVersion": None,  # no default: the same text would reuse what was computed from older data
        "ProcessingInstanceType": "ml.m5.xlarge",
        "TrainingInstanceType": "ml.m5.2xlarge",
        "ModelApprovalStatus": "PendingManualApproval",
        "NumRound": 150,
        "Eta": 0.05,
        "MaxDepth": 6,
        "ImportedModelUri": CONTRACT,
        "FormerModelUri": CONTRACT,
    }


@pytest.mark.parametrize("name", JOBS)
def test_every_job_runs_a_workload_module_of_the_training_image(steps: Steps, name: str) -> None:
    arguments = steps[name]["Arguments"]
    specification = arguments.get("AppSpecification") or arguments["AlgorithmSpecification"]
    module = {"Prepare": "etl", "Baseline": "drift", "Train": "training", "Evaluate": "evaluation"}[name]
    assert specification["ContainerEntrypoint"][:3] == ["python3", "-m", f"workloads.{module}"]
    assert "training@sha256:" in (specification.get("ImageUri") or specification["TrainingImage"])


def test_only_evaluate_has_a_network(steps: Steps) -> None:
    isolated = {n: _network(steps[n]["Arguments"])["EnableNetworkIsolation"] for n in JOBS}
    assert isolated == {"Prepare": True, "Baseline": True, "Train": True, "Evaluate": False}


@pytest.mark.parametrize("name", JOBS)
def test_every_job_is_in_the_private_subnets(steps: Steps, name: str) -> None:
    assert _network(steps[name]["Arguments"])["VpcConfig"] == {
        "SecurityGroupIds": ["sg-0a1b2c3d4e5f60718"],
        "Subnets": ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"],
    }


def test_each_job_has_its_own_role(steps: Steps) -> None:
    roles = {n: steps[n]["Arguments"]["RoleArn"].rpartition("-")[2] for n in JOBS}
    assert roles == {
        "Prepare": "processing",
        "Baseline": "processing",
        "Train": "training",
        "Evaluate": "evaluation",
    }


def test_what_is_cached(steps: Steps) -> None:
    cached = {n: steps[n].get("CacheConfig", {}).get("Enabled", False) for n in JOBS}
    assert cached == {"Prepare": True, "Baseline": True, "Train": True, "Evaluate": False}


def test_the_cache_key_of_prepare_holds_the_dataset_version(steps: Steps) -> None:
    assert steps["Prepare"]["Arguments"]["Environment"] == {"DATASET_VERSION": {"Get": "Parameters.DatasetVersion"}}


def test_the_cache_key_of_train_is_free_of_the_execution(steps: Steps) -> None:
    """Its outputs are not part of the key, its checkpoint place is."""
    arguments = dict(steps["Train"]["Arguments"])
    del arguments["OutputDataConfig"]
    assert "Execution." not in json.dumps(arguments)


@pytest.mark.parametrize(
    ("parameter", "types"),
    [("ProcessingInstanceType", with_volumes("processing")), ("TrainingInstanceType", trained_on())],
)
def test_a_run_may_name_types_whose_volumes_take_the_key(
    rendered: dict[str, Any], parameter: str, types: list[str]
) -> None:
    """Run `make pipeline` when this fails: the table of instance types has changed."""
    (declared,) = [p for p in rendered["Parameters"] if p["Name"] == parameter]
    assert declared["EnumValues"] == types
    assert "ml.g5.xlarge" not in declared["EnumValues"]
    assert "ml.p3.2xlarge" in declared["EnumValues"]


def test_train_resumes_only_from_the_checkpoints_of_the_same_work(steps: Steps) -> None:
    place = steps["Train"]["Arguments"]["CheckpointConfig"]["S3Uri"]["Std:Join"]["Values"]
    assert place[0] == "s3://123456789012-staging-ai-artifacts/checkpoints/churn"
    assert place[1] == {"Get": "Steps.Prepare.ProcessingJobName"}
    names = [value["Get"] for value in place[2]["Std:Join"]["Values"]]
    assert names == ["Parameters.NumRound", "Parameters.Eta", "Parameters.MaxDepth"]


def test_train_is_on_spot_capacity_with_room_to_wait(steps: Steps) -> None:
    arguments = steps["Train"]["Arguments"]
    assert arguments["EnableManagedSpotTraining"] is True
    assert arguments["StoppingCondition"] == {"MaxRuntimeInSeconds": 4 * 3600, "MaxWaitTimeInSeconds": 8 * 3600}


def test_the_metric_of_the_training_log_is_read(steps: Steps) -> None:
    """The line is what `workloads.training` logs a round."""
    (metric,) = steps["Train"]["Arguments"]["AlgorithmSpecification"]["MetricDefinitions"]
    assert metric["Name"] == "validation:loss"
    record = logging.makeLogRecord({"msg": "round", "round": 3, "validation-loss": 0.4321})
    line = logs.JsonFormatter(job="training").format(record)
    assert re.findall(metric["Regex"], line) == ["0.4321"]


def test_the_gate_registers_on_the_word_of_the_evaluation_only(steps: Steps) -> None:
    (condition,) = steps["Gate"]["Arguments"]["Conditions"]
    assert condition == {
        "Type": "Equals",
        "LeftValue": {
            "Std:JsonGet": {
                "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Evaluation"},
                "Path": "gate.decision",
            }
        },
        "RightValue": "register",
    }
    assert steps["Reject"]["Arguments"]["ErrorMessage"]["Std:JsonGet"]["Path"] == "gate.reason"


def test_the_package_waits_for_a_person_and_says_what_it_came_from(steps: Steps) -> None:
    package = steps["Register"]["Arguments"]
    assert package["ModelApprovalStatus"] == {"Get": "Parameters.ModelApprovalStatus"}
    assert sorted(package["CustomerMetadataProperties"]) == [
        "contract_sha",
        "dataset_uri",
        "dataset_version",
        "drift_baseline",
        "evaluation",
        "inference_image",
        "metric",
        "origin",
        "pipeline_execution",
        "record_preprocessor",
        "requested_version",
        "training_image",
        "training_job",
    ]
    report = {"Get": "Steps.Evaluate.PropertyFiles.Evaluation"}
    version = {"Std:JsonGet": {"PropertyFile": report, "Path": "dataset_version"}}
    assert package["CustomerMetadataProperties"]["dataset_version"] == version
    assert package["MetadataProperties"]["CommitId"]["Std:JsonGet"] == {
        "PropertyFile": report,
        "Path": "code_version",
    }
    (container,) = package["InferenceSpecification"]["Containers"]
    image = {"Std:JsonGet": {"PropertyFile": report, "Path": "inference_image"}}
    assert package["CustomerMetadataProperties"]["inference_image"] == image
    assert container == {
        "Image": image,
        "ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"},
    }
    assert package["InferenceSpecification"]["SupportedContentTypes"] == ["text/csv", "application/json"]


def test_the_package_carries_its_metrics_and_its_drift_baselines(steps: Steps) -> None:
    package = steps["Register"]["Arguments"]
    assert sorted(package["ModelMetrics"]) == ["ModelDataQuality", "ModelQuality"]
    assert _files(package["ModelMetrics"]) == ["constraints.json", "evaluation.json", "statistics.json"]
    assert _files(package["DriftCheckBaselines"]) == ["constraints.json", "statistics.json"]


def test_the_model_card_is_a_draft_with_the_content_that_was_given(steps: Steps) -> None:
    card = steps["Register"]["Arguments"]["ModelCard"]
    assert (card["ModelCardStatus"], card["ModelCardContent"]) == ("Draft", EXAMPLES["model_card"])


def test_executions_are_experiments(rendered: dict[str, Any]) -> None:
    assert rendered["PipelineExperimentConfig"] == {
        "ExperimentName": "churn-staging",
        "TrialName": {"Get": "Execution.PipelineExecutionId"},
    }


def _network(arguments: dict[str, Any]) -> dict[str, Any]:
    return arguments.get("NetworkConfig") or arguments


def _files(metrics: dict[str, Any]) -> list[str]:
    sources = [source for kind in metrics.values() for source in kind.values()]
    assert {source["ContentType"] for source in sources} == {"application/json"}
    return sorted(source["S3Uri"]["Std:Join"]["Values"][-1] for source in sources)
