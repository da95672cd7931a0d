"""`up --refresh`: after an emergency rollback it changes nothing, and what a hand has changed it puts back."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts import loader
from contracts.kinds import KINDS
from contracts.names import Names
from local.emulator import client
from local.emulator.client import Emulator
from local.loop.platform import Platform
from local.runtime.stack import PROJECT_DIRECTORY
from tests.local.loop import test_update_fargate as fargate
from tests.local.loop import test_update_lambda as function
from tests.local.loop.deployed import Up, deploying, register, upload

#: Without schedules: what they have moved by the hour of the test would be put back too.
ENDPOINTS: dict[str, dict[str, Any]] = {
    "realtime": {"kind": "realtime", "autoscaling": {"schedules": []}},
    "fargate": fargate.ENDPOINT | {"autoscaling": {"enabled": False}},
    "lambda": function.ENDPOINT,
}
#: Of each kind what moves, by its type and the input that says what serves.
MOVES = {
    "realtime": ("aws:sagemaker/endpoint:Endpoint", "endpointConfigName"),
    "fargate": ("aws:ecs/service:Service", "taskDefinition"),
    "lambda": ("aws:lambda/alias:Alias", "functionVersion"),
}


@dataclass(frozen=True)
class Deployed:
    """A stack whose second release serves, after the first one did."""

    platform: Platform
    up: Up
    home: Path

    def serves(self) -> str:
        """What serves as the state has it."""
        type_token, key = MOVES[self.platform.kind.name]
        written = json.loads((self.home / "state.json").read_text(encoding="utf-8"))["resources"]
        (found,) = [each["inputs"][key] for each in written if each["type"] == type_token]
        return found


REALTIME = "realtime"
LONG = [pytest.mark.full, pytest.mark.loop]
FARGATE_ONE, LAMBDA_ONE = (pytest.param(kind, marks=LONG) for kind in ("fargate", "lambda"))


@pytest.fixture(scope="module")
def deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Deployed]:
    """An endpoint of the kind that a test names."""
    work = tmp_path_factory.mktemp("work")
    emulator = client.start(work / "emulator")
    try:
        yield from serving(ENDPOINTS[request.param], emulator, work)
    finally:
        emulator.stop()


def serving(endpoint: dict[str, Any], emulator: Emulator, work: Path) -> Generator[Deployed]:
    names = Names(stack="staging", account=emulator.account, region=emulator.region)
    live = names.of_workload("churn").of_endpoint("live")
    platform = Platform(emulator, live, work / "contract.json", kind=KINDS[endpoint["kind"]])
    workloads = {"churn": {"contract": "contracts/churn.yaml", "endpoints": {"live": endpoint}}}
    groups = fargate.ENDPOINT["client_security_groups"]
    emulator.have(security_groups=groups, certificates=[fargate.ENDPOINT["certificate_arn"]])
    with deploying(emulator, work / "home", workloads=workloads) as up:
        up()
        _, image = (platform.publish_image(each) for each in ("training", "inference"))
        upload(platform, work, loader.load(PROJECT_DIRECTORY / "contracts/churn.yaml"))
        for why in ("first", "better"):
            platform.promote(register(platform, image), who="ana", why=why)
            up()
        yield Deployed(platform, up, work / "home")


@pytest.mark.parametrize("deployed", [REALTIME, FARGATE_ONE, LAMBDA_ONE], indirect=True)
def test_a_refresh_after_an_emergency_rollback_changes_and_replaces_nothing(deployed: Deployed) -> None:
    platform, up = deployed.platform, deployed.up
    assert up(refresh=True) == {}  # what was deployed is read as it was declared
    second = deployed.serves()
    record = platform.record()
    assert record is not None
    first = record.releases[1]
    outcome = platform.roll_back(who="ana", why="wrong scores")
    assert (outcome.action, outcome.live) == ("rolled-back", first.id)
    assert deployed.serves() == second  # nobody has told the state
    assert up(refresh=True) == {}
    assert deployed.serves() != second
    assert up(refresh=True) == {}
    assert up() == {}
    assert platform.live().release == first.id


@pytest.mark.parametrize("deployed", [REALTIME], indirect=True)
def test_a_tag_and_limits_that_a_hand_has_changed_are_put_back(deployed: Deployed) -> None:
    platform, up = deployed.platform, deployed.up
    up(refresh=True)
    sagemaker, arn = platform.client("sagemaker"), platform.endpoint()["EndpointArn"]
    scaling, every = platform.client("application-autoscaling"), {"ServiceNamespace": "sagemaker"}
    (target,) = scaling.describe_scalable_targets(**every)["ScalableTargets"]
    named = {key: target[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "by", "Value": "hand"}])
    scaling.register_scalable_target(**named, MinCapacity=4, MaxCapacity=5)
    assert up() == {}
    assert up(refresh=True) == {"update": ["churn-live-champion-target", "churn-live-endpoint"]}
    assert "by" not in {each["Key"] for each in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    (target,) = scaling.describe_scalable_targets(**every)["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 10)
    assert up(refresh=True) == {}


@pytest.mark.parametrize("deployed", [REALTIME], indirect=True)
def test_a_target_that_is_gone_comes_back_with_its_policies(deployed: Deployed) -> None:
    up, scaling = deployed.up, deployed.platform.client("application-autoscaling")
    every = {"ServiceNamespace": "sagemaker"}
    (target,) = scaling.describe_scalable_targets(**every)["ScalableTargets"]
    named = {key: target[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
    scaling.deregister_scalable_target(**named)
    assert up(refresh=True) == {"create": ["churn-live-champion-invocations", "churn-live-champion-target"]}
    assert len(scaling.describe_scaling_policies(**every)["ScalingPolicies"]) == 1
    assert up(refresh=True) == {}


@pytest.mark.parametrize("deployed", [FARGATE_ONE], indirect=True)
def test_a_count_that_a_hand_has_changed_is_put_back(deployed: Deployed) -> None:
    up, ecs, name = deployed.up, deployed.platform.client("ecs"), deployed.platform.names.prefix
    up(refresh=True)
    ecs.update_service(cluster=name, service=name, desiredCount=4)
    assert up() == {}
    assert up(refresh=True) == {"update": ["churn-live-service"]}
    (service,) = ecs.describe_services(cluster=name, services=[name])["services"]
    assert service["desiredCount"] == 2
    assert up(refresh=True) == {}
