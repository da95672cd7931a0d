"""The drift job: the request as it is, as SageMaker's model checks it, and as the job itself understands it."""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from components.jobs import Site
from components.operations import drift
from components.operations.drift import Drift, DriftArgs, Reference
from components.schedule import EXECUTION_ID
from contracts.names import MAX_PREFIX, MODEL_QUALITY_NAMESPACE
from contracts.schema import to_json
from settings import Monitoring
from tests.components.engine import LIVE, Deployment, deploy, ground, permissions
from tests.workloads.drift.live import CHURN, START, customers, records, write_training
from workloads.drift.__main__ import main
from workloads.pipeline import shapes

ARTIFACTS = "s3://123456789012-staging-ai-artifacts"
BASELINE = f"{ARTIFACTS}/runs/churn/r/Evaluate/evaluation/baseline.json"
CAPTURED = "s3://123456789012-staging-ai-processed-data/data-capture/churn/churn-staging-live/champion/"
REFERENCE = Reference(baseline=BASELINE, contract=f"{ARTIFACTS}/contracts/churn/0123456789abcdef/contract.json")
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-training@sha256:" + "0" * 64
ROLE = "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-live-drift"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/keys-models"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:churn-staging-dead-letters"
TAGS = {"Project": "ml-platform", "Environment": "staging"}


def request(settings: Monitoring | None = None, **changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "image_uri": IMAGE,
        "compared_with": REFERENCE,
        "role_arn": ROLE,
        "site": Site(key_arn=KEY, subnet_ids=["subnet-0", "subnet-1"], security_group_id="sg-0"),
        "tags": TAGS,
    }
    return drift.job_request(LIVE, settings or Monitoring(), **arguments | changes)


def fired(asked: dict[str, Any], *, execution: str = "d32c5kddcf5bb8c3", at: str = "2022-03-22T18:59:43Z") -> Any:
    """A request as EventBridge Scheduler sends it: the examples of its user guide in place of the attributes."""
    text = json.dumps(asked).replace("<aws.scheduler.execution-id>", execution)
    return json.loads(text.replace("<aws.scheduler.scheduled-time>", at))


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"drift_baseline": BASELINE, "contract_sha": "0123456789abcdef", "metric": "auc 0.8"}, REFERENCE),
        ({"drift_baseline": BASELINE}, None),
        ({"contract_sha": "0123456789abcdef"}, None),
        ({}, None),
    ],
)
def test_the_reference_of_a_package(metadata: dict[str, str], expected: Reference | None) -> None:
    assert drift.reference(LIVE, {"CustomerMetadataProperties": metadata}) == expected


def test_a_package_without_metadata_has_no_reference() -> None:
    assert drift.reference(LIVE, {}) is None


def test_the_request() -> None:
    def read(name: str, uri: str) -> dict[str, Any]:
        place = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/input/{name}"}
        how = {"S3DataType": "S3Prefix", "S3InputMode": "File", "S3DataDistributionType": "FullyReplicated"}
        return {"InputName": name, "S3Input": place | how | {"S3CompressionType": "None"}}

    assert request() == {
        "ProcessingJobName": "churn-staging-live-drift-<aws.scheduler.execution-id>",
        "RoleArn": ROLE,
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", "-m", "workloads.drift", "detect"],
            "ContainerArguments": [
                *("--contract", "/opt/ml/processing/input/contract/contract.json"),
                *("--baseline", "/opt/ml/processing/input/baseline/baseline.json"),
                *("--captured", CAPTURED),
                *("--window-minutes", "75", "--until", "<aws.scheduler.scheduled-time>"),
                *("--endpoint", "churn-staging-live"),
                *("--output", "/opt/ml/processing/output/report", "--publish"),
            ],
        },
        "Environment": {"AWS_DEFAULT_REGION": "eu-west-1"},
        "ProcessingInputs": [read("contract", REFERENCE.contract), read("baseline", REFERENCE.baseline)],
        "ProcessingOutputConfig": {
            "KmsKeyId": KEY,
            "Outputs": [
                {
                    "OutputName": "report",
                    "S3Output": {
                        "S3Uri": f"{ARTIFACTS}/drift/churn/churn-staging-live/<aws.scheduler.scheduled-time>",
                        "LocalPath": "/opt/ml/processing/output/report",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ],
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 30,
                "VolumeKmsKeyId": KEY,
            }
        },
        "NetworkConfig": {
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": False,
            "VpcConfig": {"Subnets": ["subnet-0", "subnet-1"], "SecurityGroupIds": ["sg-0"]},
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3000},
        "Tags": [{"Key": "Environment", "Value": "staging"}, {"Key": "Project", "Value": "ml-platform"}],
    }


def test_the_settings_size_the_job() -> None:
    settings = Monitoring(
        quality_instance_type="ml.m5.xlarge", quality_max_runtime_minutes=40, drift_window_minutes=120
    )
    sized = request(settings)
    assert sized["ProcessingResources"]["ClusterConfig"]["InstanceType"] == "ml.m5.xlarge"
    assert sized["StoppingCondition"] == {"MaxRuntimeInSeconds": 2400}
    arguments = sized["AppSpecification"]["ContainerArguments"]
    assert arguments[arguments.index("--window-minutes") + 1] == "120"


@pytest.mark.parametrize(
    ("instance_type", "named"), [("ml.g5.xlarge", False), ("ml.g4dn.xlarge", False), ("ml.m5.large", True)]
)
def test_a_volume_key_is_named_where_the_volume_takes_one(instance_type: str, named: bool) -> None:
    cluster = request(Monitoring(quality_instance_type=instance_type))["ProcessingResources"]["ClusterConfig"]
    assert ("VolumeKmsKeyId" in cluster) is named


def faults(asked: dict[str, Any]) -> list[str]:
    return shapes.check({"Type": "Processing", "Name": "drift", "Arguments": asked}, {})


def test_sagemaker_takes_the_request_once_scheduler_has_filled_it_in() -> None:
    assert faults(fired(request())) == []
    assert faults(request())[0].startswith("drift.ProcessingJobName = 'churn-staging-live-drift-<aws.scheduler")


def test_the_longest_prefix_leaves_room_for_the_name_of_a_job() -> None:
    names = dataclasses.replace(LIVE, workload="w" * (MAX_PREFIX - len("-staging-live")))
    asked = fired(request() | {"ProcessingJobName": f"{names.resource('drift')}-{EXECUTION_ID}"})
    assert len(asked["ProcessingJobName"]) == 63
    assert faults(asked) == []


def test_the_job_does_what_its_request_says(
    tmp_path: Path, moto_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The container's own command, its paths below a directory: the metric is the one that the alarm watches."""
    asked = fired(request(), at=START.replace(hour=START.hour + 1).isoformat().replace("+00:00", "Z"))
    for name, value in {**asked["Environment"], "AWS_ENDPOINT_URL": moto_url}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    inputs = tmp_path / "input"
    (inputs / "contract").mkdir(parents=True)
    (inputs / "contract" / "contract.json").write_text(to_json(CHURN))
    write_training(tmp_path / "train", customers(2000))
    contract = ["--contract", str(inputs / "contract")]
    main(["baseline", *contract, "--data", str(tmp_path / "train"), "--output", str(inputs / "baseline")])
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=LIVE.processed_bucket, CreateBucketConfiguration={"LocationConstraint": LIVE.region})
    s3.put_object(
        Bucket=LIVE.processed_bucket,
        Key=f"data-capture/churn/churn-staging-live/champion/{START:%Y/%m/%d/%H}/a.jsonl",
        Body="\n".join(records(customers(300, seed=4))).encode(),
    )
    command = asked["AppSpecification"]
    assert command["ContainerEntrypoint"][:3] == ["python3", "-m", "workloads.drift"]
    arguments = [*command["ContainerEntrypoint"][3:], *command["ContainerArguments"]]
    assert main([a.replace("/opt/ml/processing", str(tmp_path)) for a in arguments]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 300
    output = asked["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["LocalPath"]
    report = Path(output.replace("/opt/ml/processing", str(tmp_path)))
    assert sorted(path.name for path in report.iterdir()) == ["report.html", "report.json"]
    dimensions = [{"Name": "Endpoint", "Value": "churn-staging-live"}]
    found = boto3.client("cloudwatch").list_metrics(Namespace=MODEL_QUALITY_NAMESPACE, MetricName="DriftScore")
    assert dimensions in [metric["Dimensions"] for metric in found["Metrics"]]


@functools.cache
def deployed(*, preview: bool = False) -> Deployment:
    def program() -> None:
        arguments = DriftArgs(
            ground=ground(),
            names=LIVE,
            settings=Monitoring(),
            compared_with=REFERENCE,
            image_uri=IMAGE,
            dead_letters_arn=QUEUE,
            tags=TAGS,
        )
        Drift("drift", arguments)

    return deploy(program, preview=preview)


def test_the_schedule_asks_sagemaker_every_hour() -> None:
    made = dict(deployed().one("drift-schedule").inputs)
    target = dict(made.pop("target"))
    assert made == {
        "name": "churn-staging-live-drift",
        "description": "Measures the drift of captured traffic and publishes DriftScore",
        "scheduleExpression": "cron(0 * * * ? *)",
        "scheduleExpressionTimezone": "UTC",
        "flexibleTimeWindow": {"mode": "OFF"},
        "kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/keys-messages",
    }
    assert json.loads(target.pop("input")) == request(
        site=Site(
            key_arn=KEY,
            subnet_ids=["subnet-private0", "subnet-private1", "subnet-private2"],
            security_group_id="sg-networkworkloadsgroup",
        )
    )
    assert target == {
        "arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob",
        "roleArn": "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-live-drift-schedule",
        "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 3600},
        "deadLetterConfig": {"arn": QUEUE},
    }


def test_scheduler_finds_its_attributes_in_the_input_as_they_are_written() -> None:
    text = deployed().one("drift-schedule").inputs["target"]["input"]
    assert text.count("<aws.scheduler.execution-id>") == 1
    assert text.count("<aws.scheduler.scheduled-time>") == 2


def test_the_schedule_starts_drift_jobs_with_their_role_and_nothing_else() -> None:
    statements = permissions(deployed(), "drift-schedule-role")
    assert set(statements) == {"StartJobs", "HandRoleToJobs", "EncryptVolumes", "DeadLetters", "EncryptMessages"}
    assert statements["StartJobs"] == {
        "Effect": "Allow",
        "Action": ["sagemaker:AddTags", "sagemaker:CreateProcessingJob"],
        "Resource": ["arn:aws:sagemaker:eu-west-1:123456789012:processing-job/churn-staging-live-drift-*"],
    }
    assert statements["HandRoleToJobs"] == {
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": [ROLE],
        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    }
    assert statements["DeadLetters"]["Resource"] == [QUEUE]


def test_the_job_reads_the_champions_capture_and_writes_its_own_reports() -> None:
    statements = permissions(deployed(), "drift-role")
    resources = {sid: statement["Resource"] for sid, statement in statements.items()}
    artifacts = "arn:aws:s3:::123456789012-staging-ai-artifacts"
    captured = "arn:aws:s3:::123456789012-staging-ai-processed-data/data-capture/churn/churn-staging-live/champion/*"
    assert resources["ReadCaptureObjects"] == [captured]
    assert resources["ReadReferenceObjects"] == [f"{artifacts}/contracts/churn/*", f"{artifacts}/runs/churn/*"]
    assert resources["WriteReports"] == [f"{artifacts}/drift/churn/churn-staging-live/*"]
    assert resources["PullImages"] == ["arn:aws:ecr:eu-west-1:123456789012:repository/mlplatform-staging-training"]
    assert statements["PublishMetrics"]["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": ["/aws/sagemaker/ProcessingJobs", "MLPipeline/ModelQuality"]}
    }


def test_a_preview_declares_the_same() -> None:
    assert sorted(r.name for r in deployed(preview=True).resources) == sorted(r.name for r in deployed().resources)
