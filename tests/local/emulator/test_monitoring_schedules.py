from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/emulator-tests"


@pytest.fixture
def definition(sagemaker: Any, name: str) -> str:
    output = {"S3Output": {"S3Uri": "s3://bucket/monitor", "LocalPath": "/opt/ml/processing/output"}}
    sagemaker.create_data_quality_job_definition(
        JobDefinitionName=name,
        DataQualityAppSpecification={"ImageUri": "468650794304.dkr.ecr.eu-west-1.amazonaws.com/analyzer"},
        DataQualityBaselineConfig={"StatisticsResource": {"S3Uri": "s3://bucket/statistics.json"}},
        DataQualityJobInput={
            "EndpointInput": {"EndpointName": f"{name}-endpoint", "LocalPath": "/opt/ml/processing/input"}
        },
        DataQualityJobOutputConfig={"MonitoringOutputs": [output]},
        JobResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}},
        RoleArn=ROLE,
        Tags=[{"Key": "Project", "Value": "ml"}],
    )
    return name


def config(definition: str, expression: str = "cron(0 * ? * * *)") -> dict[str, Any]:
    return {
        "ScheduleConfig": {"ScheduleExpression": expression},
        "MonitoringJobDefinitionName": definition,
        "MonitoringType": "DataQuality",
    }


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_job_definition_keeps_its_parts(sagemaker: Any, definition: str) -> None:
    found = sagemaker.describe_data_quality_job_definition(JobDefinitionName=definition)
    assert found["DataQualityBaselineConfig"]["StatisticsResource"] == {"S3Uri": "s3://bucket/statistics.json"}
    assert found["DataQualityJobInput"]["EndpointInput"]["EndpointName"] == f"{definition}-endpoint"
    tags = sagemaker.list_tags(ResourceArn=found["JobDefinitionArn"])["Tags"]
    assert tags == [{"Key": "Project", "Value": "ml"}]


def test_the_life_of_a_schedule(sagemaker: Any, definition: str) -> None:
    named = {"MonitoringScheduleName": definition}
    tags = [{"Key": "Project", "Value": "ml"}]
    arn = sagemaker.create_monitoring_schedule(**named, MonitoringScheduleConfig=config(definition), Tags=tags)
    found = sagemaker.describe_monitoring_schedule(**named)
    assert found["MonitoringScheduleConfig"] == config(definition)
    assert (found["MonitoringScheduleStatus"], found["MonitoringType"]) == ("Scheduled", "DataQuality")
    assert found["EndpointName"] == f"{definition}-endpoint"
    assert sagemaker.list_tags(ResourceArn=arn["MonitoringScheduleArn"])["Tags"] == tags

    daily = config(definition, "cron(0 5 ? * * *)")
    sagemaker.update_monitoring_schedule(**named, MonitoringScheduleConfig=daily)
    assert sagemaker.describe_monitoring_schedule(**named)["MonitoringScheduleConfig"] == daily
    sagemaker.stop_monitoring_schedule(**named)
    assert sagemaker.describe_monitoring_schedule(**named)["MonitoringScheduleStatus"] == "Stopped"
    sagemaker.start_monitoring_schedule(**named)
    listed = sagemaker.list_monitoring_schedules(EndpointName=f"{definition}-endpoint")["MonitoringScheduleSummaries"]
    assert [(s["MonitoringScheduleName"], s["MonitoringScheduleStatus"]) for s in listed] == [(definition, "Scheduled")]

    sagemaker.delete_monitoring_schedule(**named)
    gone = ("ResourceNotFound", f"Monitoring Schedule with name: {definition} does not exist")
    assert refusal(lambda: sagemaker.describe_monitoring_schedule(**named)) == gone
    assert refusal(lambda: sagemaker.delete_monitoring_schedule(**named)) == gone


def test_a_name_is_taken_once(sagemaker: Any, definition: str) -> None:
    values = {"MonitoringScheduleName": definition, "MonitoringScheduleConfig": config(definition)}
    sagemaker.create_monitoring_schedule(**values)
    found = refusal(lambda: sagemaker.create_monitoring_schedule(**values))
    assert found == ("ResourceInUse", f"Monitoring Schedule with name: {definition} already exists")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"MonitoringJobDefinitionName": "nobody"}, "Could not find DataQuality job definition nobody."),
        ({"MonitoringType": None}, "MonitoringType is required with MonitoringJobDefinitionName."),
        (
            {"MonitoringJobDefinitionName": None},
            "One of MonitoringJobDefinition and MonitoringJobDefinitionName must be provided.",
        ),
    ],
)
def test_a_schedule_that_cannot_be(sagemaker: Any, definition: str, changes: dict[str, Any], message: str) -> None:
    changed = {k: v for k, v in (config(definition) | changes).items() if v is not None}
    found = refusal(
        lambda: sagemaker.create_monitoring_schedule(
            MonitoringScheduleName=definition, MonitoringScheduleConfig=changed
        )
    )
    assert found == ("ValidationException", message)
