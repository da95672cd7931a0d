"""The emulator that `up --keep` left running: how it is found again, and how it is reached now."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from local.adapter import Adapter
from local.emulator.client import Emulator, EmulatorError, attach
from local.loop import home
from local.runtime import Stack
from local.runtime.model import Cloud


def cloud_of(emulator: Emulator) -> Cloud:
    """What an emulator holds, as a deployment changes it."""
    return Adapter(emulator.url, emulator.account, emulator.region)


def running_emulator(stack: Stack) -> Emulator | None:
    """The emulator that `up --keep` left running for a stack (`<home>/emulator.json`), None when it has ended.

    What answers under its URL must be the same process: a port that is free again may be another stack's by now.
    """
    record = stack.home / home.RECORD
    if not record.is_file():
        return None
    try:
        left = json.loads(record.read_text(encoding="utf-8"))
        running = attach(left["url"])
    except (EmulatorError, ValueError, LookupError, TypeError):  # gone, or a record that was cut off
        return None
    return running if running.pid == left["pid"] else None


def told(emulator: Emulator) -> Iterator[str]:
    """Where each endpoint answers, which a rollout or a rollback has moved, and a command of the AWS CLI with the
    emulator's address and credentials.
    """
    for server in emulator.model_servers():
        if server["alive"]:
            yield f"endpoint {server['endpoint']} answers at {server['url']}/invocations"
    wanted = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    variables = (f"{name}={shlex.quote(emulator.environment()[name])}" for name in wanted)
    yield f"look around with: {' '.join(variables)} aws s3 ls"
