"""Jobs: those that schedules start, SageMaker's own monitors, and pipelines with their steps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from automation.cost import Traffic
from automation.operations.errors import RefusedError
from tests.automation.cost.written import WORKLOAD, drift_schedule, estimated, items, resource

WEEKLY = 365 / 7 / 12
CONTRACT = resource(
    "s3/bucketObjectv2:BucketObjectv2",
    "contract",
    within=WORKLOAD,
    key="contracts/churn/0123456789abcdef/contract.json",
    content=json.dumps({"features": ["a", "b", "c"]}),
)


def test_an_hourly_job_costs_five_minutes_of_its_instance_730_times() -> None:
    assert items(estimated(drift_schedule())) == {
        "instance ml.m5.large": round(730 * 5 / 60, 6),
        "processing storage": 2.5,
        "logs ingestion": 0.073,
        "invocations": 0.00073,
    }


def test_a_job_that_looks_at_an_endpoint_runs_while_the_endpoint_does() -> None:
    found = items(estimated(drift_schedule(), traffic=Traffic(endpoint_hours=220, job_minutes=6)))
    assert found["instance ml.m5.large"] == 22
    assert items(estimated(drift_schedule(), traffic=Traffic(endpoint_hours=0))) == {}


def test_a_job_that_looks_at_no_endpoint_runs_whether_there_is_one_or_not() -> None:
    schedule = drift_schedule()
    job = json.loads(schedule["inputs"]["target"]["input"])
    job["AppSpecification"]["ContainerArguments"] = ["--url", "https://crm.example.com"]
    schedule["inputs"]["target"]["input"] = json.dumps(job)
    assert items(estimated(schedule, traffic=Traffic(endpoint_hours=0)))["invocations"] == 0.00073


def test_a_schedule_that_is_off_costs_nothing() -> None:
    schedule = drift_schedule()
    schedule["inputs"]["state"] = "DISABLED"
    assert items(estimated(schedule)) == {}


def test_published_metrics_are_those_of_the_endpoint_and_of_each_feature_of_its_contract() -> None:
    assert items(estimated(drift_schedule(publish=True), CONTRACT))["custom metric"] == 2 + 3
    assert "custom metric" not in items(estimated(drift_schedule(), CONTRACT))
    other = {**CONTRACT, "inputs": {"key": "code/source.zip"}}
    with pytest.raises(RefusedError, match="it: found no contract of churn, whose features it publishes"):
        estimated(drift_schedule(publish=True), other)


def test_sagemakers_own_monitor_costs_by_its_schedule_and_its_definition() -> None:
    definition = resource(
        "sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",
        "definition",
        name="quality-1",
        jobResources={"clusterConfig": {"instanceType": "ml.m5.xlarge", "instanceCount": 2, "volumeSizeInGb": 20}},
    )
    schedule = resource(
        "sagemaker/monitoringSchedule:MonitoringSchedule",
        monitoringScheduleConfig={
            "monitoringJobDefinitionName": "quality-1",
            "scheduleConfig": {"scheduleExpression": "cron(0 0 * * ? *)"},
        },
    )
    found = items(estimated(definition, schedule))
    assert found["instance ml.m5.xlarge"] == pytest.approx(365 / 12 * 2 * 5 / 60, abs=1e-6)


def pipeline(*steps: dict[str, Any]) -> dict[str, Any]:
    definition = {
        "Parameters": [{"Name": "Size", "DefaultValue": "ml.m5.2xlarge"}, {"Name": "X"}],
        "Steps": list(steps),
    }
    return resource(
        "sagemaker/pipeline:Pipeline",
        within=WORKLOAD,
        pipelineName="churn-s",
        pipelineDefinition=json.dumps(definition),
    )


CLUSTER = {"InstanceCount": 1, "InstanceType": {"Get": "Parameters.Size"}, "VolumeSizeInGB": 30}
PREPARE = {"Type": "Processing", "Arguments": {"ProcessingResources": {"ClusterConfig": CLUSTER}}}
TRAIN = {
    "Type": "Training",
    "Arguments": {"ResourceConfig": {"InstanceCount": 2, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}},
}
GATE = {"Type": "Condition", "Arguments": {"Conditions": [], "IfSteps": [], "ElseSteps": []}}


def retraining(expression: str) -> list[dict[str, Any]]:
    function = resource(
        "lambda/function:Function",
        "retraining",
        within=WORKLOAD,
        name="churn-s-retraining",
        environment={"variables": {"PIPELINE_NAME": "churn-s"}},
    )
    schedule = resource(
        "scheduler/schedule:Schedule",
        "weekly",
        within=WORKLOAD,
        scheduleExpression=expression,
        target={"arn": "arn:aws:lambda:us-east-1:123456789012:function:churn-s-retraining", "input": "{}"},
    )
    return [function, schedule]


def test_a_pipeline_costs_its_steps_for_each_planned_and_unplanned_run() -> None:
    found = items(estimated(pipeline(PREPARE, TRAIN, GATE), *retraining("cron(0 3 ? * MON *)")))
    assert found["instance ml.m5.2xlarge"] == pytest.approx((WEEKLY + 1) * 5 / 60, abs=1e-6)
    assert found["instance ml.m5.xlarge"] == pytest.approx((WEEKLY + 1) * 2 * 5 / 60, abs=1e-6)
    daily = items(estimated(pipeline(PREPARE), *retraining("cron(0 3 * * ? *)")))
    assert daily["instance ml.m5.2xlarge"] == pytest.approx((365 / 12 + 1) * 5 / 60, abs=1e-6)


def test_a_pipeline_that_nobody_schedules_has_the_unplanned_runs_alone() -> None:
    other = retraining("cron(0 3 ? * MON *)")
    other[0]["inputs"]["environment"]["variables"]["PIPELINE_NAME"] = "another"
    assert items(estimated(pipeline(PREPARE), *other))["instance ml.m5.2xlarge"] == round(5 / 60, 6)


def test_a_search_costs_as_many_trainings_as_it_may_have() -> None:
    limits = {"MaxNumberOfTrainingJobs": 12, "MaxParallelTrainingJobs": 3, "MaxRuntimeInSeconds": 7200}
    trials = {"HyperParameterTuningJobConfig": {"ResourceLimits": limits}, "TrainingJobDefinition": TRAIN["Arguments"]}
    found = items(estimated(pipeline(PREPARE, {"Type": "Tuning", "Arguments": trials})))
    assert found["instance ml.m5.2xlarge"] == pytest.approx(5 / 60, abs=1e-6)
    assert found["instance ml.m5.xlarge"] == pytest.approx(12 * 2 * 5 / 60, abs=1e-6)
