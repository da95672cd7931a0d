"""A stack whose data sets Spark makes: who publishes them and who trains on them mean the same ones."""

from __future__ import annotations

import re
from typing import Any

import boto3
from botocore.stub import Stubber
from moto import mock_aws

from automation.operations import training
from contracts import datasets
from contracts.datasets import DataSet
from contracts.names import Names
from local.runtime import Stack

NAMES = Names(stack="prod", account="123456789012", region="eu-west-1").of_workload("churn")
KEYS: dict[str, Any] = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
EXECUTION = NAMES.arn("sagemaker", "pipeline/churn-prod/execution/abcdefghijkl")


def inputs(resources: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {each["inputs"]["name"]: each["inputs"] for each in resources if each["type"] == kind}


@mock_aws
def test_a_run_by_hand_takes_what_the_spark_job_has_published() -> None:
    workloads = {"churn": {"contract": "contracts/churn.yaml", "ingestion": {"glue": {}}}}
    resources = Stack("prod", config_overrides={"workloads": workloads}).synth()["resources"]
    machine = inputs(resources, "aws:sfn/stateMachine:StateMachine")["churn-prod-ingestion"]
    function = inputs(resources, "aws:lambda/function:Function")["churn-prod-retraining"]
    (pipeline,) = [each["inputs"] for each in resources if each["type"] == "aws:sagemaker/pipeline:Pipeline"]
    (recipe,) = set(re.findall(r'"--recipe":\s*"(\w+)"', machine["definition"]))
    assert function["environment"]["variables"]["RECIPE"] == recipe

    s3: Any = boto3.client("s3", **KEYS)
    s3.create_bucket(Bucket=NAMES.processed_bucket, CreateBucketConfiguration={"LocationConstraint": NAMES.region})
    s3.put_object(Bucket=NAMES.processed_bucket, Key=f"{NAMES.layout.accepted}1.parquet", Body=b"1")
    version = str(datasets.dataset_version(s3, NAMES.accepted_uri))
    data_sets = f"s3://{NAMES.processed_bucket}/{NAMES.layout.data_sets}"
    datasets.note(s3, data_sets, version, recipe, DataSet(uri=f"{data_sets}sha256-0a/0b/"))
    sagemaker: Any = boto3.client("sagemaker", **KEYS)
    expected = [
        {"Name": "DatasetVersion", "Value": version},
        {"Name": "InputDataUri", "Value": f"{data_sets}sha256-0a/0b/"},
    ]
    with Stubber(sagemaker) as asked:
        asked.add_response("describe_pipeline", {"PipelineDefinition": pipeline["pipelineDefinition"]})
        asked.add_response(
            "start_pipeline_execution",
            {"PipelineExecutionArn": EXECUTION},
            {"PipelineName": "churn-prod", "PipelineExecutionDisplayName": "by-hand", "PipelineParameters": expected},
        )
        assert training.start(NAMES, "by-hand", s3=s3, sagemaker=sagemaker) == EXECUTION
        asked.assert_no_pending_responses()
