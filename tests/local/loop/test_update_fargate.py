"""`up` of an endpoint on Fargate tells the truth of a rollout that was turned back, as of every kind, and leaves it as
many tasks as it has.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from automation.operations import capacity
from contracts import loader
from contracts.kinds import FARGATE
from contracts.names import Names
from contracts.release.ecs import Ecs
from local.adapter.errors import ApiRefused
from local.emulator import client
from local.emulator.client import Emulator
from local.loop.platform import Platform
from local.runtime.stack import PROJECT_DIRECTORY
from tests.local.loop.deployed import Up, deploying, halting, register, upload
from tests.local.processes import eventually

pytestmark = [pytest.mark.full, pytest.mark.loop]
ENDPOINT: dict[str, Any] = {
    "kind": "fargate",
    "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
    "client_security_groups": ["sg-0123456789abcdef0"],
}
#: A rollout that bakes no time, which no alarm could turn back.
QUICK: dict[str, Any] = {"rollout": {"kind": "all_at_once", "bake_minutes": 0}, "rollback_alarms": []}
REASON = "Service deployment rolled back because of CloudWatch alarms: churn-staging-live-halt"


def workloads(**more: Any) -> dict[str, Any]:
    return {"churn": {"contract": "contracts/churn.yaml", "endpoints": {"live": ENDPOINT | more}}}


@pytest.fixture
def emulator(tmp_path: Path) -> Generator[Emulator]:
    # a bake is longer than any wait for the halt
    running = client.start(tmp_path / "emulator", environment={"EMULATOR_TIME_SCALE": "1"})
    groups = ENDPOINT["client_security_groups"]
    running.have(security_groups=groups, certificates=[ENDPOINT["certificate_arn"]])
    yield running
    running.stop()


@pytest.fixture
def up(emulator: Emulator, tmp_path: Path) -> Generator[Up]:
    with deploying(emulator, tmp_path / "home", workloads=workloads()) as deploy:
        yield deploy


@pytest.fixture
def platform(emulator: Emulator, up: Up, tmp_path: Path) -> Platform:
    """A stack with its images and a model."""
    names = Names(stack="staging", account=emulator.account, region=emulator.region)
    live = names.of_workload("churn").of_endpoint("live")
    running = Platform(emulator, live, tmp_path / "contract.json", kind=FARGATE)
    up()
    for image in ("training", "inference"):
        running.publish_image(image)
    upload(running, tmp_path, loader.load(PROJECT_DIRECTORY / "contracts/churn.yaml"))
    return running


def packages(platform: Platform) -> list[str]:
    """Two packages of the model."""
    image = platform.client("ssm").get_parameter(Name=platform.names.ground.image_parameter("inference"))
    return [register(platform, image["Parameter"]["Value"]) for _ in range(2)]


def test_a_canary_that_fails_its_alarm_fails_the_update_and_the_next_one_leaves_what_serves(
    platform: Platform, up: Up, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = packages(platform)
    serving = platform.promote(first, who="ana", why="first").wanted
    up()
    wanted = platform.promote(second, who="ana", why="better").wanted
    assert wanted.instances == {"champion": 2}

    host = Ecs(platform.names.prefix, platform.client("ecs"))

    with halting(platform, host), pytest.raises(ApiRefused, match=f"ecs wait answered ROLLBACK_SUCCESSFUL: {REASON}$"):
        up()
    assert f"release {wanted.id} ({second}) failed: {REASON}\nalarm churn-staging-live-halt: " in caplog.text
    assert f"endpoint churn-staging-live serves {first}" in caplog.text
    after = platform.record()
    assert after is not None
    found = [(each.id, str(each.status)) for each in after.releases[:2]]
    assert found == [(serving.id, "live"), (wanted.id, "failed")]
    assert after.releases[1].reason == REASON
    assert after.counts == {"champion": 2}
    assert set(up()) <= {"delete"}  # what left the record before the update ended
    assert up() == {}
    live = host.observe()
    assert live is not None
    assert (live.release, live.status) == (serving.id, "InService")

    emulator.advance(600)  # the alarm is quiet again
    quick = {"workloads": workloads(**QUICK)}
    assert "churn-live-service" in up(**quick)["update"]  # settings, while the state names what failed
    live = host.observe()
    assert live is not None
    assert live.release == serving.id
    again = platform.promote(second, who="ana", why="the alarm was of the network").wanted
    assert "churn-live-service" in up(**quick)["update"]
    live = host.observe()
    assert live is not None
    assert (live.release, live.status) == (again.id, "InService")
    assert up(**quick) == {}


def test_tasks_that_scaling_brought_stay_through_settings_a_release_and_a_rollback(platform: Platform, up: Up) -> None:
    ecs, scaling, name = platform.client("ecs"), platform.client("application-autoscaling"), platform.names.prefix

    def tasks() -> tuple[int, int]:
        (service,) = ecs.describe_services(cluster=name, services=[name])["services"]
        return service["desiredCount"], service["runningCount"]

    first, second = packages(platform)
    serving = platform.promote(first, who="ana", why="first").wanted
    up(workloads=workloads(**QUICK))
    assert tasks() == (2, 2)
    # By hand, with what scales by itself out of the way: its time of acting decides nothing then.
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    named = {key: target[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
    scaling.deregister_scalable_target(**named)
    capacity.scale(platform.names, FARGATE, "champion", 4, client=platform.client)
    eventually(lambda: tasks() == (4, 4))

    spot = {"workloads": workloads(**QUICK, spot_percent=50)}
    assert up(**spot) == {"update": ["churn-live-service"]}
    assert tasks() == (4, 4)
    assert platform.promote(second, who="ana", why="better").wanted.instances == {"champion": 4}
    up(**spot)
    assert tasks() == (4, 4)
    outcome = platform.roll_back(who="ana", why="wrong scores")
    assert (outcome.action, outcome.live, tasks()) == ("rolled-back", serving.id, (4, 4))
    assert up(**spot) == {}
    assert up(workloads=workloads(**QUICK)) == {"update": ["churn-live-service"]}
    assert (platform.live().release, tasks()) == (serving.id, (4, 4))
