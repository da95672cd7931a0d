"""One emulator for all tests of this folder: S3, SSM, and endpoints whose model servers are stand-ins."""

from __future__ import annotations

import json
import sys
import threading
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts import release
from contracts.release import Record
from contracts.release.ledger import Ledger
from contracts.release.live import IN_PROGRESS
from contracts.release.lock import Lock
from contracts.release.sagemaker import SageMaker
from local.emulator import Emulator, start
from tests.contracts.release.rolled import promote
from tests.local.emulator import conftest as stand_ins
from tests.local.processes import eventually

BUCKET = "release-tests"


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Generator[Emulator]:
    """What a deployment waits passes 600 times as fast."""
    server = Path(stand_ins.__file__).parent / "stand_in_server.py"
    running = start(
        tmp_path_factory.mktemp("emulator"),
        arguments=("--inference-command", f"{sys.executable} -S {server}"),
        environment={"EMULATOR_TIME_SCALE": "1/600"},
    )
    running.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": running.region})
    running.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    role = {"RoleName": "emulator-tests", "AssumeRolePolicyDocument": json.dumps({"Statement": []})}
    running.client("iam").create_role(**role)
    yield running
    running.stop()


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One endpoint of its own, with its record and its lock."""

    emulator: Emulator
    name: str
    serverless: bool = False

    @property
    def sagemaker(self) -> Any:
        return self.emulator.client("sagemaker")

    @property
    def lock_key(self) -> str:
        return f"locks/churn/{self.name}"

    def ledger(self, **lock: Any) -> Ledger:
        return Ledger(
            parameter=f"/tests/{self.name}/release",
            host=SageMaker(self.name, self.sagemaker, self.emulator.client("application-autoscaling")),
            lock=Lock(s3=self.emulator.client("s3"), bucket=BUCKET, key=self.lock_key, **lock),
            ssm=self.emulator.client("ssm"),
        )

    def write(self, record: Record) -> Record:
        with self.ledger().open(who="test", doing="write") as book:
            return book.write(record)

    def read(self) -> Record:
        found = self.ledger().read().record
        assert found is not None
        return found

    def declare(self, record: Record) -> None:
        """What `pulumi up` does of a record before it moves the endpoint: a configuration for each release."""
        serving = stand_ins.Serving(self.sagemaker, self.emulator.client("s3"), BUCKET)
        for found in record.releases:
            config = self.config(found.id)
            if self.sagemaker.list_endpoint_configs(NameContains=config)["EndpointConfigs"]:
                continue
            model = serving.model(f"{config}-model")
            variants: dict[str, tuple[str, float]] = {name: (model, weight) for name, weight in found.weights.items()}
            if self.serverless:
                memory = {"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5}}
                champion = {"VariantName": "champion", "ModelName": model, **memory}
                self.sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[champion])
            else:
                serving.config(config, variants)

    def up(self, record: Record, *, wait: bool = True, **deployment: Any) -> None:
        """What `pulumi up` does of a record: configurations, and the endpoint on the wanted release."""
        self.declare(record)
        self.begin(record)
        wanted = {"EndpointName": self.name, "EndpointConfigName": self.config(record.wanted.id)}
        if self.sagemaker.list_endpoints(NameContains=self.name)["Endpoints"]:
            self.sagemaker.update_endpoint(**wanted, **deployment)
        else:
            self.sagemaker.create_endpoint(**wanted)
            stand_ins.put_halt_alarm(self.emulator.client("cloudwatch"), self.name)
        if wait:
            self.settled()

    def begin(self, record: Record) -> None:
        """What `pulumi up` writes before it moves the endpoint; of what is not wanted nothing."""
        with self.ledger().open(who="pulumi up", doing="roll out") as book:
            if book.record and book.record.wanted.id == record.wanted.id:
                now = datetime.now(UTC).isoformat(timespec="milliseconds")
                book.write(release.begin(book.record, record.wanted.id, when=now))

    def config(self, release_id: str) -> str:
        return f"{self.name}-{release_id}-0123abcd"

    def settled(self) -> dict[str, Any]:
        def over() -> Any:
            found = self.sagemaker.describe_endpoint(EndpointName=self.name)
            return None if found["EndpointStatus"] in IN_PROGRESS else found

        return eventually(over)

    def scale(self, **counts: int) -> None:
        desired = [{"VariantName": name, "DesiredInstanceCount": count} for name, count in counts.items()]
        self.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=self.name, DesiredWeightsAndCapacities=desired
        )
        self.settled()


@pytest.fixture
def endpoint(emulator: Emulator) -> Endpoint:
    """One that nobody else has; it is not there yet."""
    return Endpoint(emulator=emulator, name=f"churn-{uuid.uuid4().hex[:6]}-live")


def together(*calls: Any) -> list[Any]:
    """What each call returns or raises, all of them started at once."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index: int, call: Any) -> None:
        barrier.wait()
        try:
            results[index] = call()
        except (release.ReleaseError, RuntimeError) as error:
            results[index] = error  # pyright: ignore[reportArgumentType, reportCallIssue]

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def second(endpoint: Endpoint) -> Record:
    """Version 2 serves, 1 is known to be good."""
    endpoint.up(promote(endpoint, 1, hours_ago=3))
    endpoint.up(promote(endpoint, 2))
    return endpoint.read()
