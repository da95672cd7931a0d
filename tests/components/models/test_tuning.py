"""The pipeline that searches hyper-parameters, where the stack config asks for it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.models import training, tuning
from components.models.permissions import pipeline_statements
from components.models.training import Training, TrainingArgs
from contracts import loader
from contracts.prices import price
from contracts.schema import Training as Parameters
from settings import Training as TrainingSettings
from settings import Tuning
from tests.components.engine import CHURN as NAMES
from tests.components.engine import LIVE, Deployment, deploy, ground, permissions

CHURN = loader.load("contracts/churn.yaml")
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-{}@sha256:" + "0" * 64
PIPELINE, ROLE = "aws:sagemaker/pipeline:Pipeline", "aws:iam/role:Role"


def deployed(settings: Tuning | None, hosts: int = 1) -> Deployment:
    def program() -> None:
        Training(
            "training",
            TrainingArgs(
                ground=ground(),
                names=NAMES,
                champion=LIVE,
                contract=dataclasses.replace(CHURN, training=Parameters(num_round=100, eta=0.1, max_depth=5)),
                images={image: IMAGE.format(image) for image in ("training", "inference")},
                package_group=aws.sagemaker.ModelPackageGroup("packages", model_package_group_name="churn-staging"),
                owner="ml-team",
                tuning=settings,
                instances=TrainingSettings(hosts=hosts),
            ),
        )

    return deploy(program)


def test_nobody_has_it_unasked() -> None:
    assert deployed(None).names(PIPELINE) == ["training-pipeline"]
    assert "training-tuning-role" not in deployed(None).names(ROLE)


def test_the_search_is_around_the_contracts_values_and_within_the_budget() -> None:
    pipeline = deployed(Tuning(budget_usd=3.084, max_jobs=8, max_parallel_jobs=2)).one("training-tuning-pipeline")
    assert pipeline.inputs["pipelineName"] == pipeline.inputs["pipelineDisplayName"] == "churn-staging-tuning"
    assert pipeline.inputs["roleArn"] == "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-tuning"
    steps = {step["Name"]: step["Arguments"] for step in json.loads(pipeline.inputs["pipelineDefinition"])["Steps"]}
    search = steps["Tune"]["HyperParameterTuningJobConfig"]
    hours = 3.084 / (2 * price("sagemaker", "instance ml.m5.2xlarge", "eu-west-1").usd)
    assert search["ResourceLimits"] == {
        "MaxNumberOfTrainingJobs": 8,
        "MaxParallelTrainingJobs": 2,
        "MaxRuntimeInSeconds": int(hours * 3600),
    }
    ranges = [each for kind in search["ParameterRanges"].values() for each in kind]
    assert {each["Name"]: (each["MinValue"], each["MaxValue"]) for each in ranges} == {
        "eta": ("0.025", "0.4"),
        "max_depth": ("2", "8"),
        "num_round": ("50", "200"),
    }
    trial = steps["Tune"]["TrainingJobDefinition"]
    assert trial["ResourceConfig"]["InstanceType"] == "ml.m5.2xlarge"
    assert trial["RoleArn"] == "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-training"


def test_a_model_is_trained_by_as_many_hosts_in_a_run_as_in_a_trial() -> None:
    deployment = deployed(Tuning(), hosts=3)
    of_run, of_trial = (
        next(step["Arguments"] for step in json.loads(pipeline)["Steps"] if step["Name"] == name)
        for name, pipeline in (
            ("Train", deployment.one("training-pipeline").inputs["pipelineDefinition"]),
            ("Tune", deployment.one("training-tuning-pipeline").inputs["pipelineDefinition"]),
        )
    )
    for request in (of_run, of_trial["TrainingJobDefinition"]):
        assert request["ResourceConfig"]["InstanceCount"] == 3
        assert request["EnableInterContainerTrafficEncryption"] is True


@pytest.mark.parametrize(
    ("parameters", "ends"),
    [
        (
            Parameters(num_round=1, eta=1.0, max_depth=1),
            {"num_round": ("1", "2"), "eta": ("0.25", "1"), "max_depth": ("1", "4")},
        ),
        (
            Parameters(num_round=100_000, eta=1e-6, max_depth=30),
            {"num_round": ("50000", "100000"), "eta": ("1e-06", "4e-06"), "max_depth": ("27", "30")},
        ),
    ],
)
def test_the_ranges_end_where_training_refuses_more(parameters: Parameters, ends: dict[str, tuple[str, str]]) -> None:
    found = tuning.values(Tuning(), parameters, "eu-west-1", 1)
    assert {name: (found[f"tuning_{name}_min"], found[f"tuning_{name}_max"]) for name in ends} == ends


def test_a_budget_is_spent_by_all_trials_that_run_at_once() -> None:
    one, three = (tuning.seconds(Tuning(budget_usd=1, max_parallel_jobs=each), "eu-west-1", 1) for each in (1, 3))
    assert (one // 3) == three
    assert tuning.seconds(Tuning(budget_usd=1, max_parallel_jobs=1), "eu-west-1", 3) == three
    assert tuning.seconds(Tuning(budget_usd=100_000, max_parallel_jobs=1), "eu-west-1", 1) == 15_768_000


def test_a_budget_that_ends_before_a_search_can_is_refused() -> None:
    with pytest.raises(
        pulumi.RunError, match=r"^tuning.budget_usd: found 0.01, which 6 ml.m5.2xlarge for 3 trials take in"
    ):
        tuning.seconds(Tuning(budget_usd=0.01), "eu-west-1", 2)


def test_a_budget_means_nothing_in_a_region_without_prices() -> None:
    with pytest.raises(pulumi.RunError) as refused:
        tuning.seconds(Tuning(), "cn-north-1", 1)
    assert str(refused.value) == (
        "tuning.budget_usd: region: found cn-north-1, without a price of 'instance ml.m5.2xlarge' of sagemaker; "
        "allowed: us-east-1, eu-west-1; add its lines to contracts/prices.csv, or a factor to contracts/prices.py, "
        "or leave tuning out"
    )
    assert tuning.seconds(Tuning(), "us-east-1", 1) > 0


def test_its_role_starts_searches_of_its_workload_beside_what_training_does() -> None:
    found = permissions(deployed(Tuning()), "training-tuning-role")
    other = permissions(deployed(Tuning()), "training-pipeline-role")
    assert {sid: found[sid] for sid in other} == other
    assert set(other) == {each.sid for each in pipeline_statements(NAMES, models_key="key")}
    searches = ["arn:aws:sagemaker:eu-west-1:123456789012:hyper-parameter-tuning-job/*-?une-*"]
    assert found["StartSearches"]["Action"] == ["sagemaker:CreateHyperParameterTuningJob"]
    tags: dict[str, Any] = {
        "StartSearches": {"StringEquals": {"aws:RequestTag/Workload": "churn"}},
        "FollowSearches": {"StringEquals": {"aws:ResourceTag/Workload": "churn"}},
        "TagSearches": {
            "StringEquals": {"aws:RequestTag/Workload": "churn"},
            "Null": {"aws:ResourceTag/Workload": "true"},
        },
    }
    assert set(found) - set(other) == set(tags)
    for sid, condition in tags.items():
        assert (found[sid]["Resource"], found[sid]["Condition"]) == (searches, condition)


@pytest.mark.parametrize(
    ("tuned", "pipelines"), [(False, ["churn-staging"]), (True, ["churn-staging", "churn-staging-tuning"])]
)
def test_people_hear_of_a_search_that_failed(*, tuned: bool, pipelines: list[str]) -> None:
    failed = training.watch(NAMES, tuned=tuned).events[0]
    assert failed.pattern["detail"]["pipelineArn"] == [NAMES.arn("sagemaker", f"pipeline/{name}") for name in pipelines]
