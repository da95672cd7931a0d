"""The tests of one archive, as pytest sees them: one a test of the list, with what was found as a property.

Run by `python -m workloads.model_tests`, which says what of (`Given`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from workloads.model_tests.trial import Trial


class Given:
    """The plugin that hands the tests over."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        self.trials = trials

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Each by its name."""
        metafunc.parametrize("trial", self.trials, ids=[trial.name for trial in self.trials])


def test_model(trial: Trial, record_property: Callable[[str, Any], None]) -> None:
    """What is found is allowed."""
    found = trial.run()
    record_property("found", found.found)
    record_property("allowed", found.allowed)
    if not found.passed:
        key = f" ({found.key} of the contract)" if found.key else ""
        pytest.fail(f"found {found.found}; allowed {found.allowed}{key}", pytrace=False)
