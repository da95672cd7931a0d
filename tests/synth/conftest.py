"""Each stack synthesised once, in its steady state and on its first day."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest

import components
from local.runtime import Stack

STACKS = ("staging", "prod")


@cache
def synthesised(stack: str, bootstrap: bool) -> dict[str, Any]:
    """The synth document of a stack; do not change it."""
    return Stack(stack).synth(bootstrap=bootstrap)


@cache
def written_types() -> frozenset[str]:
    """The types of AWS that the components make, read from the code: also those that only some setting brings."""
    text = "".join(path.read_text(encoding="utf-8") for path in Path(*components.__path__).rglob("*.py"))
    named = set(re.findall(r"\baws\.([a-z0-9_]+)\.([A-Z]\w+)\(", text))
    classes = [getattr(getattr(aws, module), name) for module, name in named]
    return frozenset(made.pulumi_type for made in classes if hasattr(made, "pulumi_type"))


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
