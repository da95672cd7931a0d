"""The batch endpoint: models of every release, a schedule with the wanted one's, and how a missing run is noticed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.operations.monitoring import alarm
from components.serving.batch import KIND, Batch, statements
from components.serving.kind import EndpointArgs
from contracts.kinds import BATCH
from contracts.release.live import release_of
from settings import Batch as Settings
from tests.components.engine import LIVE, Deployment, deploy, ground
from tests.components.serving.test_plan import record

PLACE = "s3://123456789012-staging-ai-processed-data/batch/churn/churn-staging-live/"
MODEL = "aws:sagemaker/model:Model"
SCHEDULE = "aws:scheduler/schedule:Schedule"


def settings(**section: Any) -> Settings:
    return Settings.model_validate({"kind": "batch", **section})


def serving(**section: Any) -> Deployment:
    def program() -> None:
        Batch(
            "serving",
            EndpointArgs(
                ground=ground(),
                names=LIVE,
                settings=settings(**section),
                record=record(),
                rollback_alarms=(),
                see_through=lambda _, __, ___: "",
                tags={"Workload": "churn"},
            ),
        )

    return deploy(program)


def request(**section: Any) -> dict[str, Any]:
    return json.loads(serving(**section).one("serving-schedule").inputs["target"]["input"])


def test_every_release_has_a_model_that_is_known_by_it_and_the_schedule_runs_the_wanted_ones() -> None:
    deployed = serving()
    found = {each.name.rpartition("-")[0]: each.inputs["name"] for each in deployed.all(MODEL)}
    assert {release_of(LIVE.prefix, name) for name in found.values()} == {each.id for each in record().releases}
    schedule = deployed.one("serving-schedule").inputs
    assert schedule["name"] == "churn-staging-live-batch"
    assert schedule["scheduleExpression"] == "cron(0 3 * * ? *)"
    zones = [serving(**zone).one("serving-schedule").inputs for zone in ({}, {"timezone": "Europe/Berlin"})]
    assert [each["scheduleExpressionTimezone"] for each in zones] == ["UTC", "Europe/Berlin"]
    assert schedule["target"]["arn"] == "arn:aws:scheduler:::aws-sdk:sagemaker:createTransformJob"
    job = json.loads(schedule["target"]["input"])
    assert job["ModelName"] == found[f"serving-model-{record().wanted.id}"]


def test_a_job_joins_rows_with_predictions_encrypts_and_has_a_name_of_its_own() -> None:
    job = request()
    del job["ModelName"]
    assert job == {
        "TransformJobName": "churn-staging-live-batch-<aws.scheduler.execution-id>",
        "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": 6,
        "MaxConcurrentTransforms": 2,
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": 3600, "InvocationsMaxRetries": 3},
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{PLACE}requests/"}},
            "ContentType": "text/csv",
            "CompressionType": "None",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": f"{PLACE}predictions/<aws.scheduler.scheduled-time>/",
            "Accept": "text/csv",
            "AssembleWith": "Line",
            "KmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/keys-processed",
        },
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input"},
        "TransformResources": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeKmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/keys-models",
        },
        "Tags": [{"Key": "Workload", "Value": "churn"}],
    }
    other = request(leading_columns=0, instance_type="ml.g4dn.xlarge")
    assert other["DataProcessing"]["InputFilter"] == "$"
    assert "VolumeKmsKeyId" not in other["TransformResources"]  # its disks encrypt themselves


@pytest.mark.parametrize(("percent", "isolated"), [(100, False), (0, True)])
def test_a_model_stands_in_the_network_and_is_isolated_where_its_service_captures_nothing(
    percent: int, isolated: bool
) -> None:
    (model, *_) = serving(capture_percent=percent).all(MODEL)
    assert model.inputs["vpcConfig"]["subnets"]
    assert model.inputs["enableNetworkIsolation"] is isolated
    environment = model.inputs["primaryContainer"]["environment"]
    assert environment["MAX_BODY_BYTES"] == "6291456"
    assert ("CAPTURE_URI" in environment) is not isolated
    if not isolated:
        assert environment["CAPTURE_URI"].endswith("/data-capture/churn/churn-staging-live/champion")


def test_the_role_reads_its_requests_and_writes_its_predictions_alone() -> None:
    found = {each.sid: each for each in statements(LIVE, models_key="models", processed_key="processed")}
    bucket = "arn:aws:s3:::123456789012-staging-ai-processed-data"
    assert found["ReadRequestsObjects"].resources == (f"{bucket}/batch/churn/churn-staging-live/requests/*",)
    assert found["WritePredictions"].resources == (
        f"{bucket}/batch/churn/churn-staging-live/predictions/*",
        f"{bucket}/data-capture/churn/churn-staging-live/*",
    )


def test_a_stopped_one_keeps_models_and_topic_and_has_no_schedule() -> None:
    running, stopped = serving(), serving(state="stopped")
    gone = {each.name for each in running.resources} - {each.name for each in stopped.resources}
    schedule = "serving-schedule"
    assert gone == {schedule, *(f"{schedule}-role{part}" for part in ("", "-keys", "-policy", "-role"))}
    assert stopped.all(MODEL)


def test_a_run_that_failed_and_one_that_is_missing_are_noticed() -> None:
    watched = KIND.watch(LIVE, settings(), ["champion"], ())
    (missing,) = watched.alarms
    assert (missing.metric, missing.dimensions, missing.periods) == (
        "Invocations",
        {"RuleName": "churn-staging-live-success"},
        26,
    )
    assert {(missing.namespace, missing.metric)} <= {(each.namespace, each.name) for each in BATCH.metrics}
    (failed,) = watched.events
    assert failed.pattern["detail"] == {
        "TransformJobName": [{"prefix": "churn-staging-live-batch-"}],
        "TransformJobStatus": ["Failed", "Stopped"],
    }
    nobody = settings(alarms={"missing_after_hours": None})
    for quiet in (settings(state="stopped"), nobody):
        assert KIND.watch(LIVE, quiet, ["champion"], ()).alarms == ()
    assert KIND.watch(LIVE, settings(), [], ()).events == ()


def test_what_is_missing_is_what_the_alarm_of_a_missing_run_goes_off_for() -> None:
    (missing,) = KIND.watch(LIVE, settings(), ["champion"], ()).alarms

    def program() -> None:
        import pulumi

        from components.watch import Channel

        alarm("missing", missing, {Channel.ALERTS: "arn:aws:sns:eu-west-1:123456789012:a"}, pulumi.ResourceOptions())

    found = deploy(program).one("missing").inputs
    assert (found["comparisonOperator"], found["threshold"], found["treatMissingData"]) == (
        "LessThanThreshold",
        1,
        "breaching",
    )
    assert (found["period"], found["evaluationPeriods"]) == (3600, 26)
