"""Whether a run would learn anything new, by answers that botocore checks against the services' own models."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from automation.operations import training
from automation.operations.errors import RefusedError
from contracts.datasets import version_of
from contracts.names import Names

NAMES = Names(stack="staging", account="123456789012", region="eu-west-1").of_workload("churn")
PACKAGE = NAMES.arn("sagemaker", "model-package/churn-staging/3")
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-training@sha256:"
KEYS: dict[str, Any] = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
OBJECTS = ["accepted/churn/1.parquet", "accepted/churn/2.parquet"]
VERSION = str(version_of(OBJECTS))
WOULD = {"training_image": f"{IMAGE}b", "contract_sha": "c2", "requested_version": {"Get": "Parameters.DatasetVersion"}}


def found(had: dict[str, str] | None, *, objects: list[str] = OBJECTS) -> list[str] | None:
    """What has changed since a package with this metadata; None: there is no package."""
    sagemaker: Any = boto3.client("sagemaker", **KEYS)
    s3: Any = boto3.client("s3", **KEYS)
    register = {"Name": "Register", "Type": "RegisterModel", "Arguments": {"CustomerMetadataProperties": WOULD}}
    branch = {"Name": "Gate", "Type": "Condition", "Arguments": {"IfSteps": [register], "ElseSteps": []}}
    definition = {"Steps": [{"Name": "Train", "Type": "Training", "Arguments": {}}, branch]}
    with Stubber(sagemaker) as asked, Stubber(s3) as listed:
        asked.add_response("describe_pipeline", {"PipelineDefinition": json.dumps(definition)})
        summary = {
            "ModelPackageVersion": 3,
            "ModelPackageArn": PACKAGE,
            "CreationTime": 0,
            "ModelPackageStatus": "Completed",
        }
        if objects:
            asked.add_response("list_model_packages", {"ModelPackageSummaryList": [] if had is None else [summary]})
        if had is not None:
            described = {
                "ModelPackageName": "churn-staging",
                "ModelPackageArn": PACKAGE,
                "CreationTime": 0,
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": []},
                "CustomerMetadataProperties": had,
            }
            asked.add_response("describe_model_package", described, {"ModelPackageName": PACKAGE})
        listed.add_response("list_objects_v2", {"Contents": [{"Key": key} for key in objects]})
        result = training.changes(NAMES, s3=s3, sagemaker=sagemaker)
        asked.assert_no_pending_responses()
        listed.assert_no_pending_responses()
    return result


SAME = {"training_image": f"{IMAGE}b", "contract_sha": "c2", "requested_version": VERSION, "metric": "auc 0.9"}


def test_a_run_that_would_learn_the_same_has_no_changes() -> None:
    assert found(SAME) == []


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"training_image": f"{IMAGE}a"}, f"training_image: {IMAGE}a before, {IMAGE}b now"),
        ({"contract_sha": "c1"}, "contract_sha: c1 before, c2 now"),
        ({"requested_version": "data-1"}, f"requested_version: data-1 before, {VERSION} now"),
    ],
)
def test_each_thing_that_is_new_is_said(changed: dict[str, str], line: str) -> None:
    assert found(SAME | changed) == [line]


def test_without_a_model_everything_is_new() -> None:
    assert found(None) == ["no model is registered yet"]


def test_without_data_there_is_nothing_to_learn_from() -> None:
    assert found(None, objects=[]) is None


def test_without_a_pipeline_it_says_what_makes_it() -> None:
    sagemaker: Any = boto3.client("sagemaker", **KEYS)
    with Stubber(sagemaker) as asked:
        asked.add_client_error("describe_pipeline", "ResourceNotFound", "no")
        with pytest.raises(RefusedError, match=r"pipeline churn-staging\S* is not there: publish both images and run"):
            training.changes(NAMES, s3=None, sagemaker=sagemaker)


STEPS = [
    {"Name": "Prepare", "Type": "Processing", "Arguments": {}},
    {"Name": "Baseline", "Type": "Processing", "Arguments": {"Data": {"Get": "Steps.Prepare.Outputs"}}},
    {"Name": "Train", "Type": "Training", "Arguments": {"Data": {"Get": "Steps.Prepare.Outputs"}}},
    {
        "Name": "Evaluate",
        "Type": "Processing",
        "Arguments": {"Inputs": [{"Get": "Steps.Train.Model"}, {"Get": "Steps.Baseline.Outputs"}]},
    },
    {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"LeftValue": {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.E"}}}}],
            "IfSteps": [{"Name": "Register", "Type": "RegisterModel", "Arguments": {}}],
            "ElseSteps": [{"Name": "Reject", "Type": "Fail", "Arguments": {}}],
        },
    },
]
EXECUTION = NAMES.arn("sagemaker", f"pipeline/{NAMES.pipeline}/execution/abcdefghijkl")
PARAMETERS = [{"Name": "DatasetVersion", "Value": "data-0123456789ab"}]


def started_from(step: str, source: str | None = None, status: str = "Failed", runs: bool = True) -> list[str]:
    """The steps that are selected when a run goes on from a step."""
    sagemaker: Any = boto3.client("sagemaker", **KEYS)
    selected = list[str]()

    def keep(params: Any, **_: Any) -> None:
        assert params["PipelineParameters"] == PARAMETERS
        assert params["SelectiveExecutionConfig"]["SourcePipelineExecutionArn"] == EXECUTION
        selected.extend(each["StepName"] for each in params["SelectiveExecutionConfig"]["SelectedSteps"])

    sagemaker.meta.events.register("provide-client-params.sagemaker.StartPipelineExecution", keep)
    with Stubber(sagemaker) as asked:
        asked.add_response("describe_pipeline", {"PipelineDefinition": json.dumps({"Steps": STEPS})})
        if source is None:
            summaries = [{"PipelineExecutionArn": EXECUTION}] if runs else []
            asked.add_response("list_pipeline_executions", {"PipelineExecutionSummaries": summaries})
        asked.add_response("describe_pipeline_execution", {"PipelineExecutionStatus": status})
        asked.add_response("list_pipeline_parameters_for_execution", {"PipelineParameters": PARAMETERS})
        asked.add_response("start_pipeline_execution", {"PipelineExecutionArn": f"{EXECUTION}2"})
        started = training.start_from(NAMES, "by-hand", step, source=source, sagemaker=sagemaker)
        assert started == f"{EXECUTION}2"
    return selected


def test_a_step_and_what_follows_from_it_run_once_more() -> None:
    assert started_from("Evaluate") == ["Evaluate", "Gate", "Register", "Reject"]
    assert started_from("Train", source=EXECUTION) == ["Train", "Evaluate", "Gate", "Register", "Reject"]
    assert started_from("Prepare", status="Succeeded")[:4] == ["Prepare", "Baseline", "Train", "Evaluate"]


def test_what_a_run_cannot_go_on_from_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"^step: found 'Tune'; allowed: Prepare, Baseline, Train, Evaluate, Gate$"):
        started_from("Tune")
    with pytest.raises(RefusedError, match=r"abcdefghijkl is Executing; allowed: one that has succeeded or failed;"):
        started_from("Train", status="Executing")
    with pytest.raises(RefusedError, match=r"has not run yet: start it with `retrain`$"):
        started_from("Train", runs=False)


@pytest.mark.parametrize(
    ("tune", "pipeline", "fix"),
    [
        (False, "churn-staging", "publish both images and run `pulumi up`, which makes it"),
        (True, "churn-staging-tuning", "set workloads.churn.tuning in the stack config"),
    ],
)
def test_a_run_that_has_no_pipeline_says_what_makes_it(*, tune: bool, pipeline: str, fix: str) -> None:
    sagemaker: Any = boto3.client("sagemaker", **KEYS)
    s3: Any = boto3.client("s3", **KEYS)
    register = {"Name": "Register", "Type": "RegisterModel", "Arguments": {"CustomerMetadataProperties": WOULD}}
    with Stubber(sagemaker) as asked, Stubber(s3) as listed:
        listed.add_response("list_objects_v2", {"Contents": [{"Key": key} for key in OBJECTS]})
        listed.add_client_error("get_object", "NoSuchKey", "no data set is published")
        asked.add_response("describe_pipeline", {"PipelineDefinition": json.dumps({"Steps": [register]})})
        asked.add_client_error("start_pipeline_execution", "ResourceNotFound", "no")
        with pytest.raises(RefusedError, match=rf"^pipeline {pipeline} is not there: {fix}"):
            training.start(NAMES, "by-hand", tune=tune, s3=s3, sagemaker=sagemaker)
