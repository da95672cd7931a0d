"""One emulator for all tests of this folder, with stand-ins for the model server and the pipeline worker."""

from __future__ import annotations

import io
import json
import sys
import tarfile
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.release import emergency
from local.emulator import Emulator, start
from tests.local.processes import eventually

HERE = Path(__file__).parent
ROLE = "arn:aws:iam::123456789012:role/emulator-tests"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/inference@sha256:" + "0" * 64
INSTANCE = "ml.m6i.large"


def begun(directory: Path, time_scale: str) -> Emulator:
    """An emulator with the stand-ins: each second that a deployment waits takes `time_scale` of the wall's."""
    return start(
        directory,
        arguments=(
            "--inference-command",
            f"{sys.executable} -S {HERE / 'stand_in_server.py'}",
            "--pipeline-command",
            f"{sys.executable} -S {HERE / 'stand_in_worker.py'}",
        ),
        environment={"EMULATOR_TIME_SCALE": time_scale},
    )


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A running emulator; its time passes 600 times as fast while a deployment waits."""
    started = begun(tmp_path_factory.mktemp("emulator"), "1/600")
    yield started
    started.stop()


@pytest.fixture
def unhurried(tmp_path: Path) -> Iterator[Emulator]:
    """One whose time passes as told and no faster: what a test counts in minutes while a deployment waits are these."""
    started = begun(tmp_path / "emulator", "1")
    yield started
    started.stop()


@pytest.fixture(scope="session")
def sagemaker(emulator: Emulator) -> Any:
    return emulator.client("sagemaker")


@pytest.fixture(scope="session")
def runtime(emulator: Emulator) -> Any:
    return emulator.client("sagemaker-runtime")


@pytest.fixture(scope="session")
def s3(emulator: Emulator) -> Any:
    return emulator.client("s3")


@pytest.fixture(scope="session")
def cloudwatch(emulator: Emulator) -> Any:
    return emulator.client("cloudwatch")


@pytest.fixture(scope="session")
def bucket(s3: Any) -> str:
    s3.create_bucket(Bucket="emulator-tests", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return "emulator-tests"


@pytest.fixture(scope="session")
def role(emulator: Emulator) -> str:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    emulator.client("iam").create_role(RoleName="emulator-tests", AssumeRolePolicyDocument=trust)
    return ROLE


@pytest.fixture
def name() -> str:
    """A name no other test has."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture(scope="session", name="eventually")
def eventually_fixture() -> Callable[..., Any]:
    return eventually


def put_halt_alarm(cloudwatch: Any, endpoint: str) -> None:
    """The alarm that `pulumi up` declares beside an endpoint."""
    cloudwatch.put_metric_alarm(
        AlarmName=emergency.halt_alarm(endpoint),
        Namespace=emergency.NAMESPACE,
        MetricName=emergency.METRIC,
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )


class Serving:
    """Makes models, configurations and endpoints out of behaviours of the stand-in server."""

    def __init__(self, sagemaker: Any, s3: Any, bucket: str) -> None:
        self.sagemaker = sagemaker
        self.s3 = s3
        self.bucket = bucket

    def artifact(self, name: str, behaviour: dict[str, Any]) -> str:
        """A model.tar.gz in S3."""
        content = json.dumps(behaviour).encode()
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            entry = tarfile.TarInfo("behaviour.json")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        self.s3.put_object(Bucket=self.bucket, Key=f"{name}/model.tar.gz", Body=packed.getvalue())
        return f"s3://{self.bucket}/{name}/model.tar.gz"

    def model(self, name: str, **behaviour: Any) -> str:
        uri = self.artifact(name, {"name": name} | behaviour)
        container = {"Image": IMAGE, "ModelDataUrl": uri, "Environment": {"THRESHOLD": "0.75"}}
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        return name

    def config(self, name: str, variants: dict[str, tuple[str, float]], **more: Any) -> str:
        """A configuration from variant name -> (model, weight), two instances each."""
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[self.variant(v, *mw) for v, mw in variants.items()], **more
        )
        return name

    @staticmethod
    def variant(name: str, model: str, weight: float = 1) -> dict[str, Any]:
        named = {"VariantName": name, "ModelName": model, "InitialVariantWeight": weight}
        return named | {"InstanceType": INSTANCE, "InitialInstanceCount": 2}

    def endpoint(self, name: str, config: str, **more: Any) -> str:
        """An endpoint in service."""
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, **more)
        assert self.settled(name)["EndpointStatus"] == "InService"
        return name

    def settled(self, name: str) -> dict[str, Any]:
        """The endpoint's description once nothing is under way."""

        def over() -> Any:
            described = self.sagemaker.describe_endpoint(EndpointName=name)
            return described if described["EndpointStatus"] not in ("Creating", "Updating") else None

        return eventually(over)


@pytest.fixture(scope="session")
def serving(sagemaker: Any, s3: Any, bucket: str) -> Serving:
    return Serving(sagemaker, s3, bucket)


OPEN = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
OPEN_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [OPEN]})


@pytest.fixture(scope="module")
def open_queue(emulator: Emulator) -> Callable[[str], str]:
    """Makes a queue to which every service may send; its URL."""

    def create(name: str) -> str:
        attributes = {"Policy": OPEN_POLICY}
        return emulator.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    return create


@pytest.fixture(scope="session")
def deploy_function(emulator: Emulator, role: str) -> Callable[..., str]:
    """Deploys Python source as a Lambda function that every service may invoke, and returns its ARN."""

    def deploy(name: str, source: str, **more: Any) -> str:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", source)
        functions = emulator.client("lambda")
        created = functions.create_function(
            **(
                {"FunctionName": name, "Runtime": "python3.11", "Role": role, "Handler": "index.handle", "Timeout": 300}
                | more
            ),
            Code={"ZipFile": packed.getvalue()},
        )
        functions.add_permission(FunctionName=name, StatementId="open", Action="lambda:InvokeFunction", Principal="*")
        return created["FunctionArn"]

    return deploy
