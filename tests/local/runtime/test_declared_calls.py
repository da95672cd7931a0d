"""The platform's own function, with a call that its component has not declared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components import operations
from components.reach import Calls
from local.emulator import Emulator, start
from local.loop.kept import cloud_of
from local.runtime import Stack


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    started = start(tmp_path_factory.mktemp("emulator"))
    yield started
    started.stop()


def without(service: str) -> tuple[Calls, ...]:
    return tuple({job: services - {service} for job, services in calls.items()} for calls in operations.CALLS)


def answer_of_rollback(emulator: Emulator, stack: Stack) -> dict[str, Any]:
    deployed = stack.up(cloud_of(emulator))
    kind = "aws:lambda/function:Function"
    names = [each["inputs"]["name"] for each in deployed.resources.values() if each["type"] == kind]
    (function,) = [name for name in names if name.endswith("-rollback")]
    invoked = emulator.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps({"who": "a test", "why": "a test"})
    )
    return json.loads(invoked["Payload"].read())


def test_a_call_that_is_not_declared_fails_by_name_and_works_once_it_is(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = Stack("staging", home=tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(operations, "CALLS", without("ssm"))
        said = answer_of_rollback(emulator, stack)["errorMessage"]
    assert "churn-staging-live-rollback called " in said
    # The evaluation job still calls it, so the endpoint is there, but not for this role.
    assert "'s endpoint for ssm does not admit it: declare the call in CALLS beside the code's component" in said
    assert answer_of_rollback(emulator, stack)["action"] == "refused"  # there is no release to go back to
