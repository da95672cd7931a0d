"""How an emulator that was kept is reached now: a rollout or a rollback has moved the servers of its endpoints."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from local.emulator.client import Emulator


def told(emulator: Emulator) -> Iterator[str]:
    """Where each endpoint answers, and a command of the AWS CLI with the emulator's address and credentials."""
    for server in emulator.model_servers():
        if server["alive"]:
            yield f"endpoint {server['endpoint']} answers at {server['url']}/invocations"
    wanted = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    variables = (f"{name}={shlex.quote(emulator.environment()[name])}" for name in wanted)
    yield f"look around with: {' '.join(variables)} aws s3 ls"
