"""A minute of load on each target that answers while its client waits, through a rollout and a SIGTERM where there is
one: no request is lost.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import shutil
import signal
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import urllib3

from contracts.names import EndpointNames
from contracts.release.lambda_ import ALIAS
from local.emulator import Emulator, start
from tests.load.clients import Counted, load
from tests.local.emulator.conftest import IMAGE
from tests.local.emulator.test_ecs_services import CANARY, SECOND, Service
from tests.local.emulator.test_functions_in_images import Endpoint
from tests.local.processes import eventually, gone
from tests.workloads.inference.serving import make_package, serving

pytestmark = pytest.mark.full
ROW: Final = json.dumps({"user_tenure_months": 3, "transaction_volume": 20.5, "support_tickets": 1}).encode()
JSON: Final = "application/json"
WORKERS: Final = 2
ROLE: Final = "arn:aws:iam::123456789012:role/load"
#: Archives of the models of an endpoint that has several, and how each is asked.
TARGETS: Final = ("eu.tar.gz", "us.tar.gz")
EACH: Final = tuple({"TargetModel": target} for target in TARGETS)
BY_A_CANARY: Final = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 600,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        },
        "TerminationWaitInSeconds": 120,
    }
}
IN_BATCHES: Final = {
    "RollingUpdatePolicy": {
        "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 300,
        "MaximumExecutionTimeoutInSeconds": 3600,
    }
}
#: Seconds of load on what is about to change, or has changed.
QUIET_SECONDS: Final = 5.0


def pack(home: Path, version: str) -> Path:
    """A package whose answers say which version it is."""
    directory = home / version
    make_package(directory)
    metadata = json.loads((directory / "metadata.json").read_text())
    (directory / "metadata.json").write_text(json.dumps({**metadata, "model_version": version}))
    return directory


def workers(pid: int) -> set[int]:
    """The processes that a service started."""
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def stop_a_worker(pid: int) -> None:
    """SIGTERM to a worker of a service, which answers what it was asked and is replaced."""
    before = workers(pid)
    os.kill(stopped := min(before), signal.SIGTERM)
    eventually(lambda: stopped not in (now := workers(pid)) and len(now) == WORKERS)


def judge(counted: Counted) -> None:
    assert counted.lost == []
    assert set(counted.answers) == {"old", "new"}
    assert sum(counted.answers.values()) == counted.sent


def test_the_service_exchanges_its_model_and_a_worker(tmp_path: Path) -> None:
    served, new = pack(tmp_path, "old"), pack(tmp_path, "new")

    def connect() -> Callable[[], str]:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=600)

        def once() -> str:
            connection.request("POST", "/invocations", ROW, {"content-type": JSON})
            answer = connection.getresponse()
            body = json.loads(answer.read())
            assert answer.status == 200, body
            return body["model_version"]

        return once

    with serving(served, "--workers", str(WORKERS)) as service:
        with load(connect) as counted:
            time.sleep(QUIET_SECONDS)
            shutil.copy(new / "metadata.json", served / "next")
            (served / "next").rename(served / "metadata.json")
            os.kill(service.process.pid, signal.SIGHUP)
            eventually(lambda: counted.answers["new"])
            stop_a_worker(service.process.pid)
        assert service.stop() == 0
    judge(counted)


class Endpoints:
    """Endpoints of SageMaker in an emulator that runs the service itself."""

    def __init__(self, emulator: Emulator, home: Path) -> None:
        self.emulator, self.sagemaker = emulator, emulator.client("sagemaker")
        emulator.client("s3").create_bucket(
            Bucket="load", CreateBucketConfiguration={"LocationConstraint": emulator.region}
        )
        for version in ("old", "new"):
            archive = home / f"{version}.tar.gz"
            with tarfile.open(archive, "w:gz") as packed:
                packed.add(pack(home, version), arcname=".")
            for key in (archive.name, *(f"{version}/{target}" for target in TARGETS)):
                emulator.client("s3").upload_file(str(archive), "load", key)
            image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/inference@sha256:" + "0" * 64
            alone = {
                "ModelDataUrl": f"s3://load/{archive.name}",
                "Environment": {"MODEL_SERVER_WORKERS": str(WORKERS)},
            }
            several = {"ModelDataUrl": f"s3://load/{version}/", "Mode": "MultiModel"}
            for model, container in ((version, alone), (f"several-{version}", several)):
                container = {"Image": image, **container}
                self.sagemaker.create_model(ModelName=model, ExecutionRoleArn=ROLE, PrimaryContainer=container)

    def create(self, name: str, of: str = "", **variant: Any) -> None:
        """An endpoint in service with the old model, and a configuration with the new one; `of` begins their names."""
        for version in ("old", "new"):
            named = {"VariantName": "champion", "ModelName": f"{of}{version}", "InitialVariantWeight": 1.0, **variant}
            self.sagemaker.create_endpoint_config(EndpointConfigName=f"{name}-{version}", ProductionVariants=[named])
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-old")
        self.settled(name)

    def settled(self, name: str) -> None:
        eventually(lambda: self.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService")

    def pid(self, name: str, config: str) -> int:
        (found,) = [s for s in self.emulator.model_servers() if (s["endpoint"], s["config"]) == (name, config)]
        return int(found["pid"])

    def connect(self, name: str, asked: Sequence[Mapping[str, str]] = ({},)) -> Callable[[], str]:
        """How a client asks; each of several models in turn."""
        runtime = self.emulator.client("sagemaker-runtime", retries={"max_attempts": 0})
        turns = itertools.cycle(asked)

        def once() -> str:
            answer = runtime.invoke_endpoint(EndpointName=name, ContentType=JSON, Body=ROW, **next(turns))
            return json.loads(answer["Body"].read())["model_version"]

        return once

    def exchange(self, name: str, asked: Sequence[Mapping[str, str]] = ({},), **how: Any) -> Counted:
        """A minute of load, in which the new release takes over, the old one's service is told to stop, and then one of
        the new one's workers; of several models there is one, which has them.
        """
        self.connect(name, asked)()  # what starts with the first request is there
        old = self.pid(name, f"{name}-old")
        with load(lambda: self.connect(name, asked)) as counted:
            time.sleep(QUIET_SECONDS)
            self.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=f"{name}-new", **how)
            self.settled(name)
            eventually(lambda: gone(old))
            eventually(lambda: counted.answers["new"])  # the first request may have started it
            if len(asked) == 1:
                stop_a_worker(self.pid(name, f"{name}-new"))
        self.sagemaker.delete_endpoint(EndpointName=name)
        return counted


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """Ten minutes of a rollout take ten seconds."""
    emulator = start(tmp_path_factory.mktemp("emulator"), environment={"EMULATOR_TIME_SCALE": "1/60"})
    yield Endpoints(emulator, tmp_path_factory.mktemp("packages"))
    emulator.stop()


def test_a_realtime_endpoint_by_a_canary(endpoints: Endpoints) -> None:
    endpoints.create("realtime", InstanceType="ml.m5.large", InitialInstanceCount=2)
    judge(endpoints.exchange("realtime", DeploymentConfig=BY_A_CANARY))


def test_a_multi_model_endpoint_by_a_canary(endpoints: Endpoints) -> None:
    endpoints.create("several", of="several-", InstanceType="ml.m5.large", InitialInstanceCount=2)
    judge(endpoints.exchange("several", EACH, DeploymentConfig=BY_A_CANARY))


def test_a_serverless_endpoint_all_at_once(endpoints: Endpoints) -> None:
    endpoints.create("serverless", ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 20})
    judge(endpoints.exchange("serverless"))


def test_an_inference_component_in_batches(endpoints: Endpoints) -> None:
    name, sagemaker = "component", endpoints.sagemaker
    scaling = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 4}
    variant = {"VariantName": "champion", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ExecutionRoleArn=ROLE,
        ProductionVariants=[{**variant, "ManagedInstanceScaling": scaling}],
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    endpoints.settled(name)
    component: Final = {"InferenceComponentName": name}

    def of(model: str) -> dict[str, Any]:
        takes = {"NumberOfCpuCoresRequired": 1, "MinMemoryRequiredInMb": 1024}
        return {**component, "Specification": {"ModelName": model, "ComputeResourceRequirements": takes}}

    def in_service() -> bool:
        return sagemaker.describe_inference_component(**component)["InferenceComponentStatus"] == "InService"

    sagemaker.create_inference_component(
        **of("old"), EndpointName=name, VariantName="champion", RuntimeConfig={"CopyCount": 2}
    )
    eventually(in_service)
    old = endpoints.pid(name, name)
    with load(lambda: endpoints.connect(name, [component])) as counted:
        time.sleep(QUIET_SECONDS)
        sagemaker.update_inference_component(**of("new"), DeploymentConfig=IN_BATCHES)
        eventually(in_service)
        eventually(lambda: gone(old))
        stop_a_worker(endpoints.pid(name, name))
    sagemaker.delete_inference_component(**component)
    judge(counted)


class Fargate(Service):
    """A service of ECS whose tasks run the service itself, behind its load balancer."""

    def define(self, release: str, **behaviour: Any) -> str:
        family, version = f"{self.name}-{release}-0123abcd", "new" if release == SECOND else "old"
        environment = {
            "MODEL_DIR": "/var/model/package",
            "MODEL_SERVER_WORKERS": str(WORKERS),
            "MODEL_URI": f"s3://load/{version}.tar.gz",
            "TLS_DIR": "/var/model/tls",
        }
        container = {
            "name": "inference",
            "image": IMAGE,
            "memory": 512,
            "environment": [{"name": name, "value": value} for name, value in environment.items()],
        }
        self.ecs.register_task_definition(family=family, taskRoleArn=ROLE, containerDefinitions=[container])
        return family

    def change(self, **how: Any) -> None:
        self.ecs.update_service(cluster=self.name, service=self.name, **how)
        self.settled()

    def settled(self) -> None:
        eventually(lambda: (live := self.host.observe()) is not None and not live.in_progress)

    def connect(self) -> Callable[[], str]:
        pool = urllib3.PoolManager(cert_reqs="CERT_NONE", assert_hostname=False, retries=False)
        url = f"{self.url}/invocations"

        def once() -> str:
            answer = pool.request("POST", url, body=ROW, headers={"content-type": JSON}, timeout=600)
            assert answer.status == 200, answer.data
            return answer.json()["model_version"]

        return once


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_a_service_on_fargate_by_a_canary_of_blue_and_green(endpoints: Endpoints) -> None:
    """And with a task fewer: ECS sends it no more requests, then SIGTERM, and it answers what it was asked."""
    service = Fargate(endpoints.emulator, "load-live")
    reach_s3(endpoints.emulator)
    service.create(**CANARY)
    service.settled()
    old = service.pids
    with load(service.connect) as counted:
        time.sleep(QUIET_SECONDS)
        service.change(taskDefinition=service.define(SECOND))
        eventually(lambda: all(gone(pid) for pid in old))
        eventually(lambda: counted.answers["new"])
        stays, goes = service.pids
        stop_a_worker(stays)
        service.change(desiredCount=1)
        eventually(lambda: gone(goes))
        service.change(desiredCount=2)
    assert stays in service.pids
    service.ecs.delete_service(cluster=service.name, service=service.name, force=True)
    judge(counted)


def reach_s3(emulator: Emulator) -> None:
    """The tasks fetch their model from inside the network."""
    ec2 = emulator.client("ec2")
    vpc = ec2.describe_subnets()["Subnets"][0]["VpcId"]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{emulator.region}.s3",
        RouteTableIds=[table["RouteTableId"] for table in tables],
    )


class Function(Endpoint):
    """A function whose image is the service."""

    def connect(self) -> Callable[[], str]:
        functions = self.emulator.client("lambda", retries={"max_attempts": 0}, read_timeout=600)

        def once() -> str:
            answer = functions.invoke(FunctionName=self.name, Qualifier=ALIAS, Payload=ROW)
            found = json.loads(answer["Payload"].read())
            assert "FunctionError" not in answer, found
            return found["model_version"]

        return once


def model(version: str) -> dict[str, str]:
    """What has the function fetch a version of the model."""
    return {"MODEL_DIR": "/tmp/model", "MODEL_URI": f"s3://load/{version}.tar.gz"}


def test_a_function_by_a_canary_of_its_alias(endpoints: Endpoints) -> None:
    """Lambda ends an environment between two requests, and without an extension by no SIGTERM (developer guide,
    "Lambda execution environment lifecycle").
    """
    emulator = endpoints.emulator
    emulator.client("iam").create_role(RoleName="load", AssumeRolePolicyDocument="{}")
    names = EndpointNames(
        stack="prod", account=emulator.account, region=emulator.region, workload="load", endpoint="live"
    )
    function = Function(emulator, names)
    function.create("workloads.inference.function.handler", model("old"), Role=ROLE, Timeout=600)
    function.deployable("CodeDeployDefault.LambdaCanary10Percent10Minutes")
    function.connect()()
    with load(function.connect) as counted:
        time.sleep(QUIET_SECONDS)
        old = function.pids
        assert function.move(function.publish(**model("new")))
        eventually(lambda: all(gone(pid) for pid in old))
        eventually(lambda: counted.answers["new"])
    function.functions.delete_function(FunctionName=function.name)
    judge(counted)
