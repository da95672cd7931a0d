"""How a run is followed."""

from __future__ import annotations

import io
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.automation.events import EngineEvent

from automation.commands import progress
from automation.stacks.log import Log

GROUP, TOPIC = "aws:ec2/securityGroup:SecurityGroup", "aws:sns/topic:Topic"


def event(kind: str, op: str, resource: str, name: str) -> EngineEvent:
    urn = f"urn:pulumi:staging::ml-platform::{resource}::{name}"
    return EngineEvent.from_json({kind: {"metadata": {"op": op, "urn": urn, "type": resource}}})


def test_what_is_under_way_is_told_longest_first_with_the_reason_where_it_takes_long() -> None:
    now = SimpleNamespace(seconds=0.0)
    log = Log(clock=lambda: now.seconds)
    log(event("resourcePreEvent", "delete", TOPIC, "alerts"))
    now.seconds = 30
    log(event("resourcePreEvent", "delete", GROUP, "functions"))
    log(event("resourcePreEvent", "same", TOPIC, "stays"))
    now.seconds = 90
    assert progress.running(log) == [
        "delete alerts (90 s)",
        "delete functions (60 s): waits for the network interfaces of Lambda, 20 minutes or more",
    ]
    log(event("resOutputsEvent", "delete", TOPIC, "alerts"))
    log(event("resOpFailedEvent", "delete", GROUP, "functions"))
    assert (progress.running(log), [step.name for step in log.done]) == ([], ["alerts"])


def test_a_replacement_is_one_step_and_its_halves_are_under_way() -> None:
    planned, run = Log(), Log(clock=lambda: 0.0)
    for op in ("create-replacement", "replace", "delete-replaced", "read", "same"):
        found = event("resourcePreEvent", op, TOPIC, "news")
        assert found.resource_pre_event
        found.resource_pre_event.planning = True
        planned(found)
    assert [step.op for step in planned.steps] == ["replace"]
    run(event("resourcePreEvent", "create-replacement", TOPIC, "news"))
    assert progress.running(run) == ["create-replacement news (0 s)"]
    for op in ("create-replacement", "replace", "delete-replaced"):
        run(event("resOutputsEvent", op, TOPIC, "news"))
    assert ([step.op for step in run.done], progress.running(run)) == (["replace"], [])


def test_outside_a_terminal_each_step_is_told_once_and_what_takes_long_again(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    told_again = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        if text.startswith("still"):
            told_again.set()

    monkeypatch.setattr(progress, "HEARTBEAT_SECONDS", 0.01)
    log = Log()
    with progress.followed(say) as watch:
        log.watch = watch
        log(event("resourcePreEvent", "create", TOPIC, "one"))
        log(event("resOutputsEvent", "create", TOPIC, "one"))
        log(event("resourcePreEvent", "create", TOPIC, "two"))
        assert told_again.wait(600)
    assert said[0] == "create aws:sns/topic:Topic one"
    assert set(said[1:]) == {"still create two (0 s)"}


def test_on_a_terminal_the_lines_stand_on_standard_error_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    said: list[Any] = []
    with progress.followed(said.append) as watch:
        log = Log(watch=watch)
        log(event("resOutputsEvent", "create", TOPIC, "one"))
        log(event("resourcePreEvent", "create", GROUP, "functions"))
    assert "1 create" in screen.getvalue()
    assert "create functions (0 s)" in screen.getvalue()
    assert said == []
