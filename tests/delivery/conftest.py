"""An account with the pipelines of staging and both stacks, where builds run (`codepipeline`)."""

from __future__ import annotations

import json
import os
import sys
import tarfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pulumi
import pytest

from automation.operations import delivered, releases
from automation.operations.releases import By
from components import delivery
from contracts.names import EndpointNames, Names
from contracts.release import Record
from contracts.schema import Bounds, to_json
from local.adapter import Adapter
from local.emulator import Emulator, start
from settings import Delivery
from tests import iam
from tests.automation.conftest import Platform
from tests.automation.stacks.conftest import ENDPOINT, Engine
from tests.components.delivery.test_pipeline import PROJECT, RULE, STATE, built
from tests.components.engine import LIVE, NAMES, Deployment, deploy, ground
from tests.delivery import machine
from tests.delivery.asked import Call, refused
from tests.delivery.codepipeline import REVISION, CodePipeline, Decides, Ended
from tests.workloads.tasks import problems
from workloads.archive import unpack

METRIC: Final = "auc 0.8123 from 0.7901 to 0.8345"
PIPELINE: Final = "aws:codepipeline/pipeline:Pipeline"
TARGET: Final = "aws:cloudwatch/eventTarget:EventTarget"
STACKS: Final = ("staging", "prod")
PROD: Final = NAMES.elsewhere("prod")
KEY: Final = "arn:aws:kms:eu-west-1:123456789012:key/state"
_PRINCIPAL: Final = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Resource": "*"}


@cache
def production() -> Deployment:
    """What prod declares to be deployed by staging's pipeline."""

    def program() -> None:
        given = Delivery.model_validate({"deployed_by": {"stack": "staging", "models_key": KEY}, "state_bucket": STATE})
        delivery.build(ground(PROD), given, [LIVE], pulumi.ResourceOptions())

    return deploy(program)


@cache
def roles() -> Mapping[str, iam.Role]:
    """Those of builds and of delivery of both stacks, by name, with the policies that are declared."""
    found = [{"type": each.type, "inputs": each.inputs} for of in (built(), production()) for each in of.resources]
    return iam.roles({"resources": found})


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a test sees and changes of it."""

    emulator: Emulator
    engine: Engine
    pipelines: CodePipeline
    home: Path

    def of(self, stack: str) -> Platform:
        return Platform(emulator=self.emulator, names=LIVE if stack == "staging" else _live(PROD))

    def deliver(self, stack: str) -> Record:
        """The stack as an earlier delivery of this revision left it: a first release serves."""
        platform = self.of(stack)
        delivered.record(platform.names, REVISION, 200.0, ssm=platform.client("ssm"))
        package, by = platform.register(), By(who="user/ana", why="first")
        record = releases.promote(platform.names, package, by=by, clients=platform.clients)
        platform.up(record)
        return record

    def train(self, **behaviour: Any) -> str:
        """A package of staging that nobody has approved yet, with the image that staging has; its ARN."""
        staging = self.of("staging")
        digest = staging.push("inference", "trained")
        repository = NAMES.resource("inference")
        image = f"{NAMES.account}.dkr.ecr.{NAMES.region}.amazonaws.com/{repository}@{digest}"
        return staging.register(approved=False, image=image, metric=METRIC, **behaviour)

    def model(self, package: str, memory_mb: float | None = None) -> None:
        """Put beside the behaviour of a package a model as training leaves it, which the model tests can read.

        Its contract allows the service so much memory.
        """
        container = self.described(package)["InferenceSpecification"]["Containers"][0]
        bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
        s3, archive, made = self.emulator.client("s3"), self.home / "model.tar.gz", self.home / "trained"
        s3.download_file(bucket, key, str(archive))
        unpack(archive, made / "model")
        contract = problems.package(made, "binary").contract
        if memory_mb is not None:
            contract = replace(contract, quality=(Bounds(metric="memory_mb", max=memory_mb),))
        (made / "model" / "contract.json").write_text(to_json(contract))
        with tarfile.open(archive, "w:gz") as tar:
            for file in sorted((made / "model").iterdir()):
                tar.add(file, arcname=file.name)
        s3.upload_file(str(archive), bucket, key)

    def run(self, name: str, decide: Decides = lambda _: (True, ""), **variables: str) -> Ended:
        return self.pipelines.run(name, decide, **variables)

    def approve(self, package: str) -> dict[str, str]:
        """Approve a package in the registry; the variables with which its event starts the pipeline of its model."""
        sagemaker = self.emulator.client("sagemaker")
        sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        (started,) = [each for each in self.received("approved") if package in each]
        return {each["name"]: each["value"] for each in json.loads(started)["variables"]}

    def described(self, package: str) -> Mapping[str, Any]:
        return self.emulator.client("sagemaker").describe_model_package(ModelPackageName=package)

    @property
    def told(self) -> list[str]:
        """What people hear of by the stack's alerts, since it was last asked."""
        return [json.loads(each) for each in self.received("alerts")]

    def received(self, queue: str) -> list[str]:
        """The messages of a queue."""
        sqs = self.emulator.client("sqs")
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [each["Body"] for each in found]

    def serves(self, stack: str) -> str:
        """The package that an endpoint serves, and its status."""
        platform = self.of(stack)
        record = releases.read(platform.names, platform.clients)
        live = platform.clients.host(platform.names).observe()
        assert record
        assert live
        release = next(each for each in record.releases if each.id == live.release)
        return f"{release.champion.partition('/')[2]} {live.status}"

    def release(self, stack: str, package: str) -> str:
        """The id of the release that a package was promoted as."""
        platform = self.of(stack)
        record = releases.read(platform.names, platform.clients)
        assert record
        return next(each.id for each in record.releases if each.champion == package)

    @property
    def calls(self) -> list[Call]:
        path = self.home / "calls"
        return [Call(**json.loads(line)) for line in path.read_text().splitlines()]

    @property
    def refused(self) -> list[str]:
        """What builds did that their roles may not."""
        return refused(self.calls, roles(), NAMES)


def _live(names: Names) -> EndpointNames:
    return names.of_workload("churn").of_endpoint("live")


@pytest.fixture
def account(tmp_path: Path) -> Generator[Account]:
    """Staging and prod are there; nothing is promoted."""
    command = f"{sys.executable} -S {machine.PLAYED / 'model.py'}"
    emulator = start(
        tmp_path / "emulator",
        arguments=("--inference-command", command),
        environment={"EMULATOR_TIME_SCALE": "1/600"},
    )
    try:
        with machine.credentials() as credentials:
            yield _account(emulator, tmp_path, credentials)
    finally:
        emulator.stop()


def _account(emulator: Emulator, home: Path, credentials: str) -> Account:
    where = {"LocationConstraint": emulator.region}
    for bucket in (*(names.artifacts_bucket for names in (NAMES, PROD)), STATE):
        emulator.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    for names in (NAMES, PROD):
        for image in ("training", "inference"):
            emulator.client("ecr").create_repository(repositoryName=names.resource(image))
    _iam(emulator)
    _declare(emulator)
    machine.programs(home / "bin")
    (home / "builds").mkdir()
    (home / "calls").touch()
    environment = {
        "PATH": f"{home / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": credentials,
        "STUB_HOME": str(home / "backend"),
        "WALK_CALLS": str(home / "calls"),
        "WALK_HOME": str(home),
        **{
            key: value for key, value in emulator.environment().items() if "KEY" not in key and key != "AWS_CONFIG_FILE"
        },
    }
    return Account(
        emulator=emulator,
        engine=_engine(home / "backend"),
        pipelines=CodePipeline(emulator=emulator, home=home / "builds", environment=environment),
        home=home,
    )


def _iam(emulator: Emulator) -> None:
    """The roles that services look at before they take them."""
    for role, path, service in (
        ("emulator-tests", "/", "sagemaker"),
        ("mlplatform-staging-delivery-pipeline", NAMES.admin_path, "codepipeline"),
    ):
        trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{service}.amazonaws.com"}}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
        emulator.client("iam").create_role(RoleName=role, Path=path, AssumeRolePolicyDocument=document)


def _declare(emulator: Emulator) -> None:
    """The declared pipelines, projects and rules; people hear of alerts by a queue."""
    sns, sqs = emulator.client("sns"), emulator.client("sqs")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**_PRINCIPAL, "Action": "sns:Publish"}]})
    for topic in ("alerts", "delivery-approvals"):
        sns.create_topic(Name=NAMES.resource(topic), Attributes={"Policy": policy})
    for queue in ("alerts", "approved"):
        sent = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sqs:SendMessage",
             "Resource": "*"} for service in ("events", "sns")
        ]})  # fmt: skip
        sqs.create_queue(QueueName=queue, Attributes={"Policy": sent})
    sns.subscribe(
        TopicArn=NAMES.arn("sns", NAMES.resource("alerts")),
        Protocol="sqs",
        Endpoint=NAMES.arn("sqs", "alerts"),
        Attributes={"RawMessageDelivery": "true"},
    )
    adapter = Adapter(emulator.url, emulator.account, emulator.region)
    declared = built()
    for kind in (PROJECT, PIPELINE, RULE, TARGET):
        for each in declared.all(kind):
            adapter.create(kind, each.name, each.inputs)
    # Nothing in the emulator runs a pipeline: what would start one is written down beside.
    events, rule = emulator.client("events"), f"{NAMES.delivery}-churn-live"
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    beside = {"Id": "queue", "Arn": NAMES.arn("sqs", "approved"), "InputTransformer": target["InputTransformer"]}
    events.put_targets(Rule=rule, Targets=[beside])


def _engine(backend: Path) -> Engine:
    """The state of both stacks: what they declare is there already, so that no account is looked at first."""
    backend.mkdir()
    engine = Engine(home=backend, project=machine.ROOT)
    resource = {"type": ENDPOINT, "name": "churn-live-endpoint"}
    engine.set(
        resources=[resource],
        violations=[],
        refuses={},
        fails={},
        fails_once=False,
        hangs="",
        drift={},
        config={},
        outputs={"waiting_for": []},
    )
    for stack in STACKS:
        engine.put(stack, resources=[resource])
    return engine
