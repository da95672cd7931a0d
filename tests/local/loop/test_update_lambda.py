"""`up` of an endpoint that is a function tells the truth of a rollout that was turned back, as of every kind."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from automation.operations import smoke
from contracts import loader
from contracts.kinds import LAMBDA
from contracts.names import Names
from contracts.release.lambda_ import Function
from local.emulator import client
from local.emulator.client import Emulator
from local.loop.platform import Platform
from local.runtime.errors import HookError
from local.runtime.stack import PROJECT_DIRECTORY
from tests.local.loop.deployed import Up, deploying, halting, register, upload

pytestmark = [pytest.mark.full, pytest.mark.loop]
SCALING = {"maximum": 2, "schedules": [{"at": "08:00", "timezone": "Europe/Berlin", "minimum": 2, "maximum": 4}]}
ENDPOINT: dict[str, Any] = {"kind": "lambda", "provisioned_concurrency": 1, "autoscaling": SCALING}
#: A rollout that waits no time, which no alarm could turn back.
QUICK: dict[str, Any] = {"rollout": {"kind": "all_at_once"}, "rollback_alarms": []}


def workloads(**more: Any) -> dict[str, Any]:
    return {"churn": {"contract": "contracts/churn.yaml", "endpoints": {"live": ENDPOINT | more}}}


@pytest.fixture
def emulator(tmp_path: Path) -> Generator[Emulator]:
    # a bake is longer than any wait for the halt
    running = client.start(tmp_path / "emulator", environment={"EMULATOR_TIME_SCALE": "1"})
    yield running
    running.stop()


@pytest.fixture
def up(emulator: Emulator, tmp_path: Path) -> Generator[Up]:
    with deploying(emulator, tmp_path / "home", workloads=workloads()) as deploy:
        yield deploy


def test_a_canary_that_fails_its_alarm_fails_the_update_and_the_next_one_changes_nothing(
    emulator: Emulator, up: Up, tmp_path: Path
) -> None:
    names = Names(stack="staging", account=emulator.account, region=emulator.region)
    live_names = names.of_workload("churn").of_endpoint("live")
    platform = Platform(emulator, live_names, tmp_path / "contract.json", kind=LAMBDA)
    contract = loader.load(PROJECT_DIRECTORY / "contracts/churn.yaml")
    up()
    _, image = (platform.publish_image(each) for each in ("training", "inference"))
    upload(platform, tmp_path, contract)
    first, second = (register(platform, image) for _ in range(2))
    serving = platform.promote(first, who="ana", why="first").wanted
    up()
    wanted = platform.promote(second, who="ana", why="better").wanted
    host = Function(live_names.prefix, platform.client("lambda"), platform.client("codedeploy"))

    with halting(platform, host), pytest.raises(HookError) as caught:
        up()
    assert f"release {wanted.id} ({second}) failed: One or more alarms have been activated" in str(caught.value)
    assert "churn-staging-live-halt" in str(caught.value)
    assert f"endpoint churn-staging-live serves {first}" in str(caught.value)
    after = platform.record()
    assert after is not None
    found = [(each.id, str(each.status)) for each in after.releases[:2]]
    assert found == [(serving.id, "live"), (wanted.id, "failed")]
    assert "Activated alarms: <churn-staging-live-halt>" in after.releases[1].reason
    assert set(up()) <= {"delete"}  # what left the record before the update ended
    assert up() == {}
    live = host.observe()
    assert live is not None
    assert (live.release, live.status) == (serving.id, "InService")
    # what delivery asks it with
    tried = smoke.check(live_names, contract, after, live, stopped=False, host="lambda", client=platform.client)
    assert [each.failure for each in tried] == [None, None, None]

    emulator.advance(600)  # the alarm is quiet again
    again = platform.promote(second, who="ana", why="the alarm was of the network").wanted
    quick = {"workloads": workloads(**QUICK)}
    assert "churn-live-alias" in up(**quick)["update"]
    live = host.observe()
    assert live is not None
    assert (live.release, live.status) == (again.id, "InService")
    assert up(**quick) == {}
