"""Each stack synthesised once, in its steady state and on its first day."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from local.runtime import Stack

STACKS = ("staging", "prod")


@cache
def synthesised(stack: str, bootstrap: bool) -> dict[str, Any]:
    """The synth document of a stack; do not change it."""
    return Stack(stack).synth(bootstrap=bootstrap)


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def steady(stack: str) -> dict[str, Any]:
    """A stack whose images are built and which serves a model."""
    return synthesised(stack, False)


@pytest.fixture
def bootstrap(stack: str) -> dict[str, Any]:
    """The first `up` into an empty account."""
    return synthesised(stack, True)
