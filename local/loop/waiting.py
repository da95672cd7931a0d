"""What comes of alarms and events, which take their time: waited for in the emulator's log of deliveries."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from contracts.names import EndpointNames
from local.emulator.client import Emulator
from local.loop import LoopError

#: How long the loop waits for an alarm to have had its effect.
PATIENCE_SECONDS = 600


def until(happened: Callable[[], list[dict[str, Any]]], emulator: Emulator) -> list[dict[str, Any]]:
    """What happens after some time, once it has. LoopError, with the last deliveries, if it does not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := happened():
            return found
        time.sleep(0.1)
    raise LoopError(f"what was waited for has not happened: {emulator.deliveries()[-5:]}")


def answer_of(function: str, names: EndpointNames, emulator: Emulator) -> dict[str, Any]:
    """What a function answered to the alarm that called it last."""
    name = (names if function == "rollback" else names.of_its_workload).resource(function)
    arn = names.arn("lambda", f"function:{name}")

    def acted() -> list[dict[str, Any]]:
        calls = [d for d in emulator.deliveries() if d["target"] == arn]
        results = [d["detail"].get("result") or {} for d in calls]
        return [result for result in results if result.get("action", "ignored") != "ignored"]

    return until(acted, emulator)[-1]
