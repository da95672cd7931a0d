from __future__ import annotations

import json
from typing import Any

import pytest

from workloads.pipeline import render
from workloads.pipeline.graph import steps_of


@pytest.fixture
def compiled() -> dict[str, Any]:
    """The committed definition, with its tokens."""
    return json.loads(render.read("train"))


@pytest.fixture
def rendered() -> dict[str, Any]:
    """The committed definition with example values."""
    return json.loads(render.render(render.read("train"), render.EXAMPLES))


@pytest.fixture
def steps(rendered: dict[str, Any]) -> dict[str, Any]:
    """The steps of `rendered` by name: change one and `rendered` is changed."""
    return {step["Name"]: step for step in steps_of(rendered["Steps"])}
