"""How a release fails in production: what is broken on purpose, told line by line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from contracts.release import CHAMPION
from local.emulator.client import Emulator
from local.loop import LoopError, waiting
from local.loop.platform import Platform
from local.loop.traffic import Answers

PERIOD_SECONDS = 300  # of the endpoint's 5xx alarm


def crash(platform: Platform, emulator: Emulator, ask: Callable[[], Answers]) -> Iterator[str]:
    """Every model server dies, so that what `ask` sends is answered with errors until the alarm goes off."""
    for server in platform.servers:
        emulator.kill(server["pid"])
        yield f"killed the model server of {server['config']}, as a crash would"
    for _ in range(2):  # the alarm wants two bad periods in a row
        yield f"answers now: {dict(ask().statuses)}"
        emulator.flush()
        emulator.advance(PERIOD_SECONDS)


def lose_a_task(platform: Platform, emulator: Emulator, ask: Callable[[], Answers]) -> Iterator[str]:
    """ECS replaces a task that dies, so that no alarm goes off; who is on call sets it off by hand."""
    servers = platform.servers
    before = len(servers)
    emulator.kill(servers[0]["pid"])
    yield f"killed one of {before} tasks, as a crash would: answers meanwhile {dict(ask().statuses)}"
    deadline = time.monotonic() + waiting.PATIENCE_SECONDS
    while len(platform.servers) < before:
        if time.monotonic() > deadline:
            raise LoopError(f"the task that died is not replaced after {waiting.PATIENCE_SECONDS} s")
        time.sleep(0.1)
    yield f"another one took its place: {before} tasks again"
    alarm = f"{platform.names.resource(CHAMPION)}-server-errors"
    platform.client("cloudwatch").set_alarm_state(
        AlarmName=alarm, StateValue="ALARM", StateReason="wrong answers, seen by who is on call"
    )
    yield f"who is on call sets {alarm} off"
