"""What the benchmarks measure with: programs as processes of their own, ratios of one round, goals.

Machines are shared and their speed changes by the minute, so nothing absolute is judged: programs run in turn, round
after round, each round gives one ratio to the naive program of the same round, and the median of the rounds counts.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

ROOT: Final = Path(__file__).parents[1]
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one run: seconds, seconds of processors, and the largest memory of a process in MB (not that of a JVM)."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Goal:
    """A bound of a median ratio, or of a figure."""

    text: str
    found: float
    bound: float
    at_least: bool

    @property
    def sign(self) -> str:
        """The bound's direction."""
        return "at least" if self.at_least else "at most"

    @property
    def reached(self) -> bool:
        """The bound itself will do."""
        return self.found >= self.bound if self.at_least else self.found <= self.bound

    def __str__(self) -> str:
        said = "reached" if self.reached else "MISSED "
        return f"{said}  {self.text}: {self.found:.3g} ({self.sign} {self.bound:.3g})"


def measured(
    argv: Sequence[str], environment: Mapping[str, str] | None = None, *, memory_mb: int | None = None
) -> Cost:
    """Run a program. Raises CalledProcessError with what it said where it fails.

    `memory_mb` bounds what it may allocate (RLIMIT_DATA: writable private memory, libraries' code is not in it).
    """
    limited = ["sh", "-c", f'ulimit -d {(memory_mb or 0) << 10} && exec "$@"', "sh"]
    run = [*argv] if memory_mb is None else [*limited, *argv]
    begun = time.monotonic()
    with tempfile.TemporaryFile() as said:
        variables = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        process = subprocess.Popen(run, cwd=ROOT, env=variables, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise subprocess.CalledProcessError(process.returncode, list(argv), said.read()[-2000:])
    return Cost(wall=time.monotonic() - begun, cpu=used.ru_utime + used.ru_stime, memory=used.ru_maxrss / 1024)


def apart(function: Callable[..., Result], *given: object) -> Result:
    """What a function gives, called in a process of its own.

    Linux takes a program's largest memory for at least that of the process which started it (what exec finds of the
    forked one goes into `ru_maxrss`), so who measures programs has to stay small.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *given).result()


def ratio(costs: Mapping[str, Sequence[Cost]], above: str, below: str, what: str) -> float:
    """The median of the rounds' ratios."""
    pairs = zip(costs[above], costs[below], strict=True)
    return statistics.median(getattr(one, what) / getattr(other, what) for one, other in pairs)


def told(costs: Mapping[str, Sequence[Cost]], rows: int) -> str:
    """A line for each program."""
    lines: list[str] = []
    for name, found in costs.items():
        wall, cpu, memory = (
            statistics.median(getattr(cost, what) for cost in found) for what in ("wall", "cpu", "memory")
        )
        lines.append(f"{name:14} {rows / wall:12,.0f} rows/s {wall:7.1f} s {cpu:7.1f} s of processors {memory:7.0f} MB")
    return "\n".join(lines)
