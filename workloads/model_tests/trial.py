"""What a test of a model is: a name, an act, and what the act found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from numpy.typing import NDArray

from contracts.schema import Contract
from workloads.evaluation.judges import Judge
from workloads.evaluation.model import Model

#: Rows that are asked one by one, or many times over.
SAMPLE: Final = 200
#: Values that a column or a feature is tried with.
STEPS: Final = 11


@dataclass(frozen=True, kw_only=True)
class ModelTest:
    """One test with what it found and what is allowed; `key` is the contract's where it says so."""

    name: str
    passed: bool
    found: str
    allowed: str
    key: str = ""


@dataclass(frozen=True)
class Trial:
    """A test that waits to be run; what it finds bears its name."""

    name: str
    run: Callable[[], ModelTest]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is tried: a model, and rows (n) of a data set with its matrix of them (n, features).

    `package` is the directory that its archive was unpacked to; None where there is none that the platform's service
    reads, as of a model in an image of others.
    """

    model: Model
    rows: pa.Table
    features: NDArray[Any]
    judge: Judge
    package: Path | None = None

    @property
    def contract(self) -> Contract:
        """By whose promises and bounds it is tried."""
        return self.judge.contract

    @property
    def sample(self) -> NDArray[Any]:
        """The first rows of the matrix."""
        return self.features[:SAMPLE]


def within(name: str, found: float, limit: float | None, unit: str, key: str, *, at_least: bool = False) -> ModelTest:
    """A figure against a limit, which is allowed itself; without one every figure is."""
    sign = ">=" if at_least else "<="
    holds = limit is None or (found >= limit if at_least else found <= limit)
    allowed = "any" if limit is None else f"{sign} {limit:g} {unit}"
    return ModelTest(name=name, passed=holds, found=f"{found:.2f} {unit}", allowed=allowed, key=key)
