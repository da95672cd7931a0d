"""Commands act on stacks with fixed names, so each module has an emulator of its own for them."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from local.emulator import Emulator
from tests.automation.conftest import running_emulator
from tests.automation.stacks.conftest import engine

__all__ = ["engine"]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Generator[Emulator]:
    """One in which nothing has happened yet."""
    yield from running_emulator(tmp_path_factory)
