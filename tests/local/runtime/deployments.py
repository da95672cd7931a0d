"""What a deployment changed, what it left in the state, and a project that was deployed."""

from __future__ import annotations

import json
from typing import Any

from local.runtime import Op

STACK = "urn:pulumi:dev::shop::"
TOPIC = f"{STACK}aws:sns/topic:Topic::"
BUCKET = f"{STACK}aws:s3/bucket:Bucket::"


def changed(deployment: Any) -> dict[str, list[str]]:
    """What a deployment changed, by operation; only what is not the same."""
    return {str(op): sorted(urns) for op, urns in deployment.changes.items() if urns and op is not Op.SAME}


def entries(project: Any) -> dict[str, Any]:
    """The state file by URN."""
    return {entry["urn"]: entry for entry in json.loads(project.stack().state_path.read_text())["resources"]}


def deploy(project: Any, text: str) -> Any:
    project.program(text)
    deployment = project.up()
    project.cloud.operations()
    return deployment
