"""What serving a model takes: memory and time of processors, within the bounds that the contract gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from contracts.schema import Bounds
from workloads.evaluation.inputs import Inputs, lines
from workloads.model_tests.trial import ModelTest, Subject, Trial, within

MEMORY, THROUGHPUT = "memory_mb", "rows_per_second"
#: A batch as clients send it: so many rows, and fewer where they are wide; a request has 6 MB at most.
ROWS, MOST_BYTES = 2000, 5_000_000
_SECONDS: Final = 600
_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """As `served` says it."""

    rows_per_second: float
    memory_mb: float
    predictor: str


def trials(subject: Subject) -> Iterator[Trial]:
    """Those of the two that the contract bounds, of a package that the service reads."""
    package, contract = subject.package, subject.contract
    if package is None:
        return

    @cache
    def found() -> Footprint:
        return measure(package, *batch(subject))

    most, least = contract.bounds(MEMORY).max, contract.bounds(THROUGHPUT).min

    def memory() -> ModelTest:
        measured = within("memory of the service", found().memory_mb, most, "MB", f"quality.{MEMORY}.max")
        return _by(found().predictor, measured)

    def throughput() -> ModelTest:
        rate, key = found().rows_per_second, f"quality.{THROUGHPUT}.min"
        return _by(found().predictor, within("throughput of a batch", rate, least, "rows/s", key, at_least=True))

    if most is not None:
        yield Trial("memory of the service", memory)
    if least is not None:
        yield Trial("throughput of a batch", throughput)


def unmeasured(subject: Subject) -> Iterator[str]:
    """What is said of bounds that nothing is held against, as there is no package that the service reads."""
    for metric in (MEMORY, THROUGHPUT):
        if subject.package is None and subject.contract.bounds(metric) != Bounds(metric=metric):
            yield f"quality.{metric} is not measured: the platform's service does not serve this model"


def _by(predictor: str, test: ModelTest) -> ModelTest:
    """With the word for what computed the scores, of which both depend."""
    return replace(test, found=f"{test.found} ({predictor})")


def batch(subject: Subject) -> tuple[bytes, int]:
    """The rows over and over, as CSV, and how many they are."""
    contract, table = subject.model.contract, subject.rows.slice(0, ROWS)
    inputs = Inputs.of(contract, table)
    rows = inputs.rows(inputs.matrix(table))
    count = max(1, min(ROWS, MOST_BYTES * len(rows) // len(lines(rows, contract))))
    return lines((rows * -(-count // len(rows)))[:count], contract), count


def measure(package: Path, body: bytes, rows: int) -> Footprint:
    """Serve a package in a process of its own, which is asked for `rows` rows. RuntimeError with what it said where it
    fails."""
    done = subprocess.run(
        [sys.executable, "-m", "workloads.model_tests.served", str(package), str(rows)],
        input=body,
        capture_output=True,
        check=False,
        timeout=_SECONDS,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )
    if done.returncode:
        raise RuntimeError(f"the service ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return Footprint(**json.loads(done.stdout.splitlines()[-1]))
