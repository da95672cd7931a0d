"""The platform's function and its client against the emulator: what a job leaves in S3 is a run of MLflow."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from components.operations import tracking
from components.operations.function import PROJECT, archive_files
from local.emulator import Emulator
from local.identity import Caller, environment
from tests.components.engine import CHURN
from tests.local.emulator.test_reach import DECLARE, ROLE, Vpc
from tests.workloads.tracking.files import EVALUATED, TRAINED, archive, report
from workloads.tracking.record import Record
from workloads.tracking.server import RefusedError, TrackingServer

SERVER = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/team"
NOTHING = Record(source="s", name="n", at_ms=1)


@pytest.fixture
def asked_by(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TrackingServer]:
    def make(caller: Caller | None = None) -> TrackingServer:
        for name, value in {
            **environment(emulator.url, "eu-west-1"),
            **(caller.environment() if caller else {}),
        }.items():
            monkeypatch.setenv(name, value)
        return TrackingServer(SERVER, wait=lambda _: None)

    return make


def test_a_caller_in_a_vpc_needs_the_endpoint_of_tracking_servers(
    emulator: Emulator, asked_by: Callable[..., TrackingServer]
) -> None:
    vpc = Vpc(emulator.client("ec2"))
    server = asked_by(Caller(role_arn=ROLE, subnet_ids=(vpc.subnet,)))
    with pytest.raises(RefusedError, match=f"{vpc.id} has no endpoint for experiments: ") as refused:
        server.tell("reached", NOTHING)
    assert DECLARE in str(refused.value)
    vpc.ec2.create_vpc_endpoint(
        VpcId=vpc.id,
        ServiceName="aws.sagemaker.eu-west-1.experiments",
        VpcEndpointType="Interface",
        SubnetIds=[vpc.subnet],
        PrivateDnsEnabled=True,
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
            }
        ),
    )
    server.tell("reached", NOTHING)


def test_files_of_a_run_become_one_run(
    emulator: Emulator, s3: Any, role: str, asked_by: Callable[..., TrackingServer], eventually: Callable[..., Any]
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as code:
        modules = [*(f"workloads/{each}.py" for each in ("__init__", "job", "logs")), "workloads/tracking/*.py"]
        for path in archive_files(modules):
            code.write(PROJECT / path, path)
    function = emulator.client("lambda").create_function(
        FunctionName="tracks",
        Runtime="python3.13",
        Role=role,
        Handler="workloads.tracking.handler.handle",
        Timeout=tracking.TIMEOUT_SECONDS,
        Environment={"Variables": {"TRACKING_SERVER": SERVER, "EXPERIMENT": "told"}},
        Code={"ZipFile": packed.getvalue()},
    )
    events, bucket = emulator.client("events"), CHURN.artifacts_bucket
    rule = events.put_rule(Name="tracks", EventPattern=json.dumps(tracking.pattern(CHURN)))["RuleArn"]
    emulator.client("lambda").add_permission(
        FunctionName="tracks",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    target = {"Id": "tracks", "Arn": function["FunctionArn"], "InputPath": "$.detail"}
    events.put_targets(Rule="tracks", Targets=[target])
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    server = asked_by()

    def runs() -> list[dict[str, Any]]:
        try:
            told = server._get("experiments/get-by-name", {"experiment_name": "told"})["experiment"]
        except RefusedError:
            return []
        source = f"s3://{bucket}/{EVALUATED.partition('Evaluate')[0]}"
        asked = {"experiment_ids": [told["experiment_id"]], "filter": f"tags.source = '{source}'", "max_results": 9}
        return server._post("runs/search", asked).get("runs", [])

    s3.put_object(Bucket=bucket, Key=TRAINED, Body=archive())
    s3.put_object(Bucket=bucket, Key=TRAINED.replace("output.tar.gz", "model.tar.gz"), Body=b"not read")
    eventually(runs)
    s3.put_object(Bucket=bucket, Key=EVALUATED, Body=report())
    (run,) = eventually(lambda: [each for each in runs() if each["info"]["status"] == "FINISHED"])
    metrics = {each["key"]: each["value"] for each in run["data"]["metrics"]}
    assert (metrics["best_validation_loss"], metrics["test_auc"]) == (0.25, 0.9)
    assert len(runs()) == 1
    (shown,) = [each for each in emulator.tracked() if each["experiment"] == "told"]
    assert (shown["name"], shown["status"], shown["tags"]["gate"]) == ("n3ddexkp0fjj", "FINISHED", "register")
    assert (shown["params"]["eta"], shown["metrics"]["validation_loss"]) == ("0.1", 4)
