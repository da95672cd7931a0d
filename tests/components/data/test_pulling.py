"""Pulls: the request as it is, as SageMaker's model checks it, and as the job itself understands it."""

from __future__ import annotations

import functools
import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from components.data import machine, pulling
from components.data.pulling import Pull, PullArgs
from components.jobs import Site
from settings import HttpSource, Workload
from tests.components.engine import LIVE, Deployment, deploy, ground, permissions
from tests.servers import playing
from tests.workloads.pulling.api import TOKEN, Api
from workloads.pipeline import shapes
from workloads.pulling.__main__ import main

NAMES = LIVE.of_its_workload
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-training@sha256:" + "0" * 64
ROLE = "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-pull-crm"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/keys-models"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:churn-staging-dead-letters"
RAW = "arn:aws:s3:::123456789012-staging-ai-raw-data"
SECRET = "mlplatform/staging/churn/sources/crm"
CRM = HttpSource(
    url="https://crm.example.com/customers",
    changed="updated_at",
    since="updated_since",
    rows="data",
    next="paging.next",
)


def request(settings: HttpSource = CRM) -> dict[str, Any]:
    site = Site(key_arn=KEY, subnet_ids=["subnet-0", "subnet-1"], security_group_id="sg-0")
    return pulling.job_request(
        NAMES, "crm", settings, site=site, image_uri=IMAGE, role_arn=ROLE, tags={"Project": "ml-platform"}
    )


def fired(asked: dict[str, Any]) -> Any:
    """A request as EventBridge Scheduler sends it: the examples of its user guide in place of the attributes."""
    text = json.dumps(asked).replace("<aws.scheduler.execution-id>", "d32c5kddcf5bb8c3")
    return json.loads(text.replace("<aws.scheduler.scheduled-time>", "2026-11-22T18:59:43Z"))


def test_the_request() -> None:
    asked = request()
    assert asked["ProcessingJobName"] == "churn-staging-pull-crm-<aws.scheduler.execution-id>"
    assert asked["AppSpecification"] == {
        "ImageUri": IMAGE,
        "ContainerEntrypoint": ["python3", "-m", "workloads.pulling"],
        "ContainerArguments": [
            *("--url", "https://crm.example.com/customers", "--changed", "updated_at", "--since", "updated_since"),
            *("--first", "1970-01-01T00:00:00Z", "--until", "<aws.scheduler.scheduled-time>", "--settle-minutes", "5"),
            *("--output", "s3://123456789012-staging-ai-raw-data/incoming/churn/crm/"),
            *("--rows", "data", "--next", "paging.next", "--header", "Authorization", "--secret", SECRET),
        ],
    }
    assert (asked["ProcessingInputs"], asked["ProcessingOutputConfig"]["Outputs"]) == ([], [])
    assert asked["ProcessingResources"]["ClusterConfig"]["InstanceType"] == "ml.t3.medium"
    assert asked["NetworkConfig"]["EnableNetworkIsolation"] is False
    assert asked["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}


def test_sagemaker_takes_the_request_once_scheduler_has_filled_it_in() -> None:
    assert shapes.check({"Type": "Processing", "Name": "pull", "Arguments": fired(request())}, {}) == []


def test_a_source_without_a_credential_names_no_secret() -> None:
    arguments = request(CRM.model_copy(update={"header": None}))["AppSpecification"]["ContainerArguments"]
    assert {"--header", "--secret"} & set(arguments) == set()


def test_the_job_does_what_its_request_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The container's own command; what it delivers starts the workload's ingestion."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": NAMES.region
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    asked = ("2026-11-01T00:00:00Z", "2026-11-22T18:54:43Z")
    with mock_aws(), playing(Api([{"key": str(n), "updated_at": at} for n, at in enumerate(asked)])) as api:
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=NAMES.raw_bucket, CreateBucketConfiguration={"LocationConstraint": NAMES.region})
        command = fired(request(CRM.model_copy(update={"url": f"{api.url}/customers"})))["AppSpecification"]
        assert main(command["ContainerArguments"]) == 75  # Secrets Manager has no such secret
        boto3.client("secretsmanager").create_secret(Name=SECRET, SecretString=f"{TOKEN}\n")
        assert main(command["ContainerArguments"]) == 0
        (found,) = s3.list_objects_v2(Bucket=NAMES.raw_bucket)["Contents"]
        body = s3.get_object(Bucket=NAMES.raw_bucket, Key=found["Key"])["Body"].read()
    detail = machine.pattern(NAMES)["detail"]
    assert found["Key"] == "incoming/churn/crm/19700101T000000Z.csv"
    assert found["Key"].startswith(detail["object"]["key"][0]["prefix"])
    # the younger row is not settled yet
    assert body.decode().splitlines() == ["\ufeffkey,updated_at", "0,2026-11-01T00:00:00Z"]


def test_a_header_without_its_secret_is_refused() -> None:
    arguments = fired(request())["AppSpecification"]["ContainerArguments"]
    at = arguments.index("--secret")
    assert main([*arguments[:at], *arguments[at + 2 :]]) == 2


@functools.cache
def deployed() -> Deployment:
    def program() -> None:
        Pull(
            "pull",
            PullArgs(
                ground=ground(),
                names=NAMES,
                source="crm",
                settings=CRM.model_copy(update={"timezone": "Europe/Berlin"}),
                image_uri=IMAGE,
                dead_letters_arn=QUEUE,
                tags={"Project": "ml-platform"},
            ),
        )

    return deploy(program)


def test_the_schedule_asks_sagemaker_for_the_job() -> None:
    made = deployed().one("pull-schedule").inputs
    assert made["name"] == "churn-staging-pull-crm"
    assert (made["scheduleExpression"], made["scheduleExpressionTimezone"]) == ("cron(0 3 * * ? *)", "Europe/Berlin")
    assert made["target"]["arn"] == "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob"
    assert made["target"]["deadLetterConfig"] == {"arn": QUEUE}
    assert json.loads(made["target"]["input"])["AppSpecification"] == request()["AppSpecification"]
    started = permissions(deployed(), "pull-schedule-role")
    jobs = "arn:aws:sagemaker:eu-west-1:123456789012:processing-job/churn-staging-pull-crm-*"
    assert (started["StartJobs"]["Resource"], started["HandRoleToJobs"]["Resource"]) == ([jobs], [ROLE])


def test_the_job_delivers_below_its_sources_prefix_and_reads_its_credential() -> None:
    statements = permissions(deployed(), "pull-role")
    resources = {sid: statement["Resource"] for sid, statement in statements.items()}
    assert resources["ReadPulledObjects"] == resources["Deliver"] == [f"{RAW}/incoming/churn/crm/*"]
    assert statements["ReadPulledList"]["Condition"] == {"StringLike": {"s3:prefix": ["incoming/churn/crm/*"]}}
    assert statements["Deliver"]["Action"] == ["s3:AbortMultipartUpload", "s3:PutObject"]
    assert resources["EncryptRaw"] == ["arn:aws:kms:eu-west-1:123456789012:key/keys-raw"]
    assert resources["ReadCredential"] == [
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mlplatform/staging/churn/sources/crm-??????"
    ]


def test_jobs_that_need_a_credential_call_secrets_manager() -> None:
    workload = Workload(contract="c.yaml", sources={"crm": CRM, "open": CRM.model_copy(update={"header": None})})
    assert pulling.calls([(NAMES, workload)]) == {"pull-crm": {"secretsmanager"}}
    assert pulling.calls([(NAMES, Workload(contract="c.yaml"))]) == {}


def test_people_hear_of_a_pull_that_failed() -> None:
    (event,) = pulling.watch(NAMES).events
    assert event.pattern["detail"] == {
        "ProcessingJobName": [{"prefix": "churn-staging-pull-"}],
        "ProcessingJobStatus": ["Failed", "Stopped"],
    }
