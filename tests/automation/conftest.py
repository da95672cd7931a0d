"""A platform as far as operators see it: buckets, repositories, registry and endpoints of one emulator."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from automation.operations import releases
from automation.operations.releases import Clients
from contracts.names import EndpointNames, Names
from contracts.release import Record
from contracts.release.live import IN_PROGRESS
from local.emulator import Emulator, start
from tests.local.emulator import conftest as stand_ins
from tests.local.processes import eventually

INSTANCE = "ml.m6i.large"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
#: What cosign says of a signature and of a bill of materials.
SIGNED, BILL = "https://sigstore.dev/cosign/sign/v1", "https://spdx.dev/Document"
#: Of `up`: a rollout that is looked at while it goes on has to wait for something, or it is over on a loaded machine.
BAKING = {
    "DeploymentConfig": {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 3600},
        }
    }
}


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Generator[Emulator]:
    """One for all tests that have a platform of their own in it."""
    yield from running_emulator(tmp_path_factory)


def running_emulator(tmp_path_factory: pytest.TempPathFactory) -> Generator[Emulator]:
    """Staging's buckets and repositories are there; what a deployment waits passes 600 times as fast."""
    server = Path(stand_ins.__file__).parent / "stand_in_server.py"
    running = start(
        tmp_path_factory.mktemp("emulator"),
        arguments=("--inference-command", f"{sys.executable} -S {server}"),
        environment={"EMULATOR_TIME_SCALE": "1/600"},
    )
    names = Names(stack="staging", account=running.account, region=running.region)
    for bucket in (names.raw_bucket, names.processed_bucket, names.artifacts_bucket):
        where = {"LocationConstraint": running.region}
        running.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    for image in ("training", "inference"):
        running.client("ecr").create_repository(repositoryName=names.resource(image))
    role = {"RoleName": "emulator-tests", "AssumeRolePolicyDocument": json.dumps({"Statement": []})}
    running.client("iam").create_role(**role)
    yield running
    running.stop()


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One endpoint of a workload, and what surrounds it."""

    emulator: Emulator
    names: EndpointNames

    def client(self, service: str) -> Any:
        return self.emulator.client(service)

    @property
    def clients(self) -> Clients:
        return Clients(**{name: self.client(name) for name in ("s3", "ssm", "sagemaker", "scheduler")})

    def push(self, image: str, tag: str) -> str:
        """An image with one tag; its digest."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"digest": f"sha256:{uuid.uuid4().hex * 2}"},
            "layers": [],
        }
        pushed = self.client("ecr").put_image(
            repositoryName=self.names.ground.resource(image), imageManifest=json.dumps(manifest), imageTag=tag
        )
        return pushed["image"]["imageId"]["imageDigest"]

    def refer(self, image: str, digest: str, predicate: str, created: str = "2026-11-29T10:00:00Z") -> str:
        """An artifact as cosign 3 pushes one that refers to an image; its digest."""
        bundle = "application/vnd.dev.sigstore.bundle.v0.3+json"
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": bundle,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": f"sha256:{uuid.uuid4().hex * 2}"},
            "layers": [],
            "subject": {"mediaType": MANIFEST, "digest": digest, "size": 1},
            "annotations": {
                "dev.sigstore.bundle.predicateType": predicate,
                "org.opencontainers.image.created": created,
            },
        }
        pushed = self.client("ecr").put_image(
            repositoryName=self.names.ground.resource(image), imageManifest=json.dumps(manifest)
        )
        return pushed["image"]["imageId"]["imageDigest"]

    def register(
        self,
        *,
        approved: bool = True,
        image: str = stand_ins.IMAGE,
        metric: str = "",
        metadata: Mapping[str, str] | None = None,
        **behaviour: Any,
    ) -> str:
        """A package of the workload's group, whose model behaves so and is as good as `metric` says; its ARN."""
        sagemaker, group = self.client("sagemaker"), self.names.package_group
        said = {**({"metric": metric} if metric else {}), **(metadata or {})}
        if not sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]:
            sagemaker.create_model_package_group(ModelPackageGroupName=group)
        serving = stand_ins.Serving(sagemaker, self.client("s3"), self.names.artifacts_bucket)
        run = f"{self.names.layout.runs}{uuid.uuid4().hex}"
        model = serving.artifact(run, {"name": group, **behaviour})
        return sagemaker.create_model_package(
            ModelPackageGroupName=group,
            ModelApprovalStatus="Approved" if approved else "PendingManualApproval",
            **({"CustomerMetadataProperties": said} if said else {}),
            InferenceSpecification={
                "Containers": [{"Image": image, "ModelDataUrl": model}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )["ModelPackageArn"]

    def config(self, release_id: str) -> str:
        return f"{self.names.prefix}-{release_id}-0123abcd"

    def up(self, record: Record, *, wait: bool = True, **deployment: Any) -> None:
        """What `pulumi up` does of a record: models and configurations, and the endpoint on the wanted release."""
        sagemaker = self.client("sagemaker")
        for found in record.releases:
            config = self.config(found.id)
            if sagemaker.list_endpoint_configs(NameContains=config)["EndpointConfigs"]:
                continue
            variants: list[dict[str, Any]] = []
            for name, package in {**found.packages, **found.shadows}.items():
                container = {"ModelPackageName": package}
                if found.models:
                    place = f"s3://{self.names.artifacts_bucket}/{self.names.archives(found.id)}"
                    container = {"Image": stand_ins.IMAGE, "Mode": "MultiModel", "ModelDataUrl": place}
                sagemaker.create_model(
                    ModelName=f"{config}-{name}", ExecutionRoleArn=stand_ins.ROLE, PrimaryContainer=container
                )
                variants.append(
                    {
                        "VariantName": name,
                        "ModelName": f"{config}-{name}",
                        "InstanceType": INSTANCE,
                        "InitialInstanceCount": found.instances.get(name, 3),
                        "InitialVariantWeight": found.weights.get(name, found.shadow_percent),
                    }
                )
            shadows = [each for each in variants if each["VariantName"] in found.shadows]
            sagemaker.create_endpoint_config(
                EndpointConfigName=config,
                ProductionVariants=[each for each in variants if each not in shadows],
                **{"ShadowProductionVariants": shadows} if shadows else {},
            )
        self.begin(record)
        wanted = {"EndpointName": self.names.prefix, "EndpointConfigName": self.config(record.wanted.id)}
        if sagemaker.list_endpoints(NameContains=self.names.prefix)["Endpoints"]:
            sagemaker.update_endpoint(**wanted, **deployment)
        else:
            sagemaker.create_endpoint(**wanted)
            stand_ins.put_halt_alarm(self.client("cloudwatch"), self.names.prefix)
        if wait:
            self.settled()

    def begin(self, record: Record) -> None:
        """What `pulumi up` writes before it moves the endpoint; of what is not wanted nothing."""
        stored = releases.read(self.names, self.clients)
        if stored and stored.wanted.id == record.wanted.id:
            releases.begin(self.names, record.wanted.id, who="pulumi up", clients=self.clients)

    def settled(self) -> dict[str, Any]:
        def over() -> Any:
            found = self.client("sagemaker").describe_endpoint(EndpointName=self.names.prefix)
            return None if found["EndpointStatus"] in IN_PROGRESS else found

        return eventually(over)

    def scale(self, **counts: int) -> None:
        desired = [{"VariantName": name, "DesiredInstanceCount": count} for name, count in counts.items()]
        self.client("sagemaker").update_endpoint_weights_and_capacities(
            EndpointName=self.names.prefix, DesiredWeightsAndCapacities=desired
        )
        self.settled()


def platform_of(emulator: Emulator, workload: str) -> Platform:
    names = Names(stack="staging", account=emulator.account, region=emulator.region)
    return Platform(emulator=emulator, names=names.of_workload(workload).of_endpoint("live"))


@pytest.fixture
def platform(emulator: Emulator) -> Platform:
    """A workload that no other test has."""
    return platform_of(emulator, f"w{uuid.uuid4().hex[:8]}")
