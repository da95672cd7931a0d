"""`up` of an inference component tells the truth of a rollout that was turned back; it is stopped, and woken."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from automation.operations import smoke
from contracts import loader
from contracts.kinds import INFERENCE_COMPONENT
from contracts.names import Names
from contracts.release.component import Component
from local.adapter.errors import ApiRefused
from local.emulator import client
from local.emulator.client import Emulator
from local.loop.kept import cloud_of
from local.loop.platform import Platform
from local.runtime import Op, Stack
from local.runtime.stack import PROJECT_DIRECTORY
from tests.local.loop.deployed import Up, deploying, halting, register, upload

pytestmark = [pytest.mark.full, pytest.mark.loop]
ENDPOINT: dict[str, Any] = {"kind": "inference_component"}
#: A rollout that bakes no time, which no alarm could turn back.
QUICK: dict[str, Any] = {"rollout": {"kind": "rolling", "batch_percent": 50, "bake_minutes": 0}, "rollback_alarms": []}


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


def test_an_update_that_is_halted_fails_with_the_reason_and_what_serves_is_stopped_and_woken(
    emulator: Emulator, up: Up, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = Names(stack="staging", account=emulator.account, region=emulator.region)
    live_names = names.of_workload("churn").of_endpoint("live")
    platform = Platform(emulator, live_names, tmp_path / "contract.json", kind=INFERENCE_COMPONENT)
    contract = loader.load(PROJECT_DIRECTORY / "contracts/churn.yaml")
    up()
    _, image = (platform.publish_image(each) for each in ("training", "inference"))
    upload(platform, tmp_path, contract)
    first, second = (register(platform, image) for _ in range(2))
    serving = platform.promote(first, who="ana", why="first").wanted
    up()
    wanted = platform.promote(second, who="ana", why="better").wanted
    assert wanted.instances == {"champion": 2}
    host = Component(live_names.prefix, platform.client("sagemaker"))

    failed = "cloudformation wait answered UPDATE_ROLLBACK_COMPLETE: Component: The update was rolled back"
    with halting(platform, host), pytest.raises(ApiRefused, match=failed):
        up()
    assert f"release {wanted.id} ({second}) failed: The update was rolled back" in caplog.text
    assert "churn-staging-live-halt" in caplog.text
    assert f"endpoint churn-staging-live serves {first}" in caplog.text
    after = platform.record()
    assert after is not None
    found = [(each.id, str(each.status)) for each in after.releases[:2]]
    assert found == [(serving.id, "live"), (wanted.id, "failed")]
    foreseen = Stack("staging", home=tmp_path / "home", config_overrides={"workloads": workloads()})
    stale = foreseen.preview(cloud_of(emulator)).changes[Op.UPDATE]
    assert [urn.rpartition("::")[2] for urn in stale] == ["churn-live-stack"]  # the state names what was asked for
    assert not foreseen.preview(cloud_of(emulator), refresh=True).changes[Op.UPDATE]
    assert set(up(refresh=True)) <= {"delete"}  # what left the record before the update ended
    assert up() == {}
    live = host.observe()
    assert live is not None
    assert (live.release, live.status) == (serving.id, "InService")
    # what delivery asks it with
    tried = smoke.check(live_names, contract, after, live, stopped=False, host="component", client=platform.client)
    assert [each.failure for each in tried] == [None, None, None]

    emulator.advance(600)  # the alarm is quiet again
    again = platform.promote(second, who="ana", why="the alarm was of the network").wanted
    quick = {"workloads": workloads(**QUICK)}
    assert "churn-live-stack" in up(**quick)["update"]
    assert platform.live().release == again.id
    assert up(**quick) == {}
    assert platform.roll_back(who="ana", why="wrong scores").live == serving.id
    # What a failed update goes back to is the stack's own template, so it must not be the one that was rolled back.
    assert up(refresh=True, **quick) == {"update": ["churn-live-stack"]}
    assert up(refresh=True, **quick) == {}
    assert platform.live().release == serving.id

    up(workloads=workloads(state="stopped"), protect=False)
    assert host.observe() is None
    assert host.configuration(serving.id) is not None  # its models stay
    up()
    woken = host.observe()
    assert woken is not None
    assert (woken.release, woken.status) == (serving.id, "InService")
