"""The synths of the platform's stacks, made once for all tests."""

from __future__ import annotations

from functools import cache
from typing import Any

from local.runtime import Stack

STACKS = ("staging", "prod")


@cache
def resources(stack: str, engine: str = "platform") -> tuple[dict[str, Any], ...]:
    """Every resource of a stack as `python -m local synth` writes it, with the monitors of an engine."""
    return tuple(Stack(stack, config_overrides={"monitoring": {"engine": engine}}).synth()["resources"])
