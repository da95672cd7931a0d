"""Step Functions that run: moto interprets state machines when it is told to, else it has canned executions."""

from __future__ import annotations

import functools
import json
import uuid
from collections.abc import Callable
from typing import Any

from moto.core.config import default_user_config
from moto.stepfunctions import responses

from local.emulator.context import Context
from local.emulator.extension import wrap


def start(account: str, region: str, arn: str, payload: Any) -> str:
    """Start an execution with an event; its ARN. moto's errors say what is wrong."""
    return (
        responses.get_backend(account, region)
        .start_execution(arn, str(uuid.uuid4()), json.dumps(payload))
        .execution_arn
    )


def install(context: Context) -> None:
    """Have state machines interpreted."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}

    @functools.cache
    def load() -> None:
        from local.emulator.delivery import interpreter  # when there is something to interpret

        interpreter.install(context)

    def backend(original: Callable[[str, str], Any], account: str, region: str) -> Any:
        load()
        return original(account, region)

    wrap(responses, "get_backend", backend)
