"""`up` of an endpoint on Fargate tells the truth of a rollout that was turned back, as of every kind."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

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

pytestmark = [pytest.mark.full, pytest.mark.loop]
ENDPOINT: dict[str, Any] = {
    "kind": "fargate",
    "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
    "client_security_groups": ["sg-0123456789abcdef0"],
}
WORKLOADS = {"churn": {"contract": "contracts/churn.yaml", "endpoints": {"live": ENDPOINT}}}
REASON = "Service deployment rolled back because of CloudWatch alarms: churn-staging-live-halt"


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
    with deploying(emulator, tmp_path / "home", workloads=WORKLOADS) as deploy:
        yield deploy


def test_a_canary_that_fails_its_alarm_fails_the_update_and_the_next_one_leaves_what_serves(
    emulator: Emulator, up: Up, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = Names(stack="staging", account=emulator.account, region=emulator.region)
    platform = Platform(
        emulator, names.of_workload("churn").of_endpoint("live"), tmp_path / "contract.json", kind=FARGATE
    )
    up()
    _, image = (platform.publish_image(each) for each in ("training", "inference"))
    upload(platform, tmp_path, loader.load(PROJECT_DIRECTORY / "contracts/churn.yaml"))
    first, second = (register(platform, image) for _ in range(2))
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
