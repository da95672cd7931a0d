from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.workloads.tasks import problems
from tests.workloads.tasks.problems import Package


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Package]:
    """The package of a problem, trained once."""

    @cache
    def make(problem: str) -> Package:
        return problems.package(tmp_path_factory.mktemp(problem), problem)

    return make
