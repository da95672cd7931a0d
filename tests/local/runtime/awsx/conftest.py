"""A project whose cloud answers the availability zones of a region."""

from __future__ import annotations

from typing import Any

import pytest

ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"


@pytest.fixture
def project(project: Any) -> Any:
    project.cloud.answers[ZONES] = lambda args: {"names": ["eu-west-1a", "eu-west-1b", "eu-west-1c"]}
    return project
