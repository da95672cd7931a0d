"""How a release fails in production: what is broken on purpose, told line by line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from contracts.kinds.kind import Host
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


def crash_each_time(platform: Platform, emulator: Emulator, ask: Callable[[], Answers]) -> Iterator[str]:
    """The same of a component, whose copies go meanwhile where too little is asked of them, and come back whole."""
    for _ in range(2):
        if not platform.servers:
            ask()
        for server in platform.servers:
            emulator.kill(server["pid"])
        yield f"killed the copies of {platform.serves}, as a crash would: answers now {dict(ask().statuses)}"
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
    yield _set_off(platform)


def lose_an_environment(platform: Platform, emulator: Emulator, ask: Callable[[], Answers]) -> Iterator[str]:
    """Lambda starts another one with the next request, and no alarm goes off; who is on call sets it off by hand."""
    for server in platform.servers:
        emulator.kill(server["pid"])
    yield f"killed every environment, as crashes would: answers then {dict(ask().statuses)}"
    yield _set_off(platform)


#: What is broken of an endpoint, by the service of AWS that runs it.
BY_HOST: Final[Mapping[Host, Callable[[Platform, Emulator, Callable[[], Answers]], Iterator[str]]]] = {
    "sagemaker": crash,
    "component": crash_each_time,
    "ecs": lose_a_task,
    "lambda": lose_an_environment,
}


def _set_off(platform: Platform) -> str:
    alarm = f"{platform.names.resource(CHAMPION)}-server-errors"
    platform.client("cloudwatch").set_alarm_state(
        AlarmName=alarm, StateValue="ALARM", StateReason="wrong answers, seen by who is on call"
    )
    return f"who is on call sets {alarm} off"


def restored(platform: Platform, failed: str) -> str:
    """What serves again in place of the configuration that failed. LoopError where the record says otherwise."""
    live, record = platform.live(), platform.record()
    if record is None or record.wanted.id != live.release:
        raise LoopError(f"record and endpoint disagree: {record} against {live.config}")
    if live.config == failed:
        raise LoopError(f"the endpoint still serves {failed}")
    return f"live again: {record.wanted.champion} (release {record.wanted.id}), by {record.wanted.who}"
