"""What the benchmarks measure with."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from workloads.measuring import Cost, Goal, measured, ratio


def test_a_program_is_measured_with_its_own_memory_and_processor() -> None:
    cost = measured([sys.executable, "-c", "x = bytearray(200_000_000)"])
    assert cost.memory >= 190
    assert cost.cpu > 0
    with pytest.raises(subprocess.CalledProcessError) as caught:
        measured([sys.executable, "-c", "raise SystemExit('no data')"], {"PATH": os.defpath})
    assert (caught.value.returncode, caught.value.output) == (1, b"no data\n")


def test_a_result_is_the_median_of_the_rounds_ratios() -> None:
    def cost(wall: float) -> Cost:
        return Cost(wall=wall, cpu=0, memory=0)

    costs = {"a": [cost(4), cost(90), cost(9)], "b": [cost(2), cost(1), cost(3)]}
    assert ratio(costs, "a", "b", "wall") == 3
    assert str(Goal(text="x", found=3, bound=3, at_least=True)) == "reached  x: 3 (at least 3)"
    assert str(Goal(text="x", found=3.5, bound=3, at_least=False)) == "MISSED   x: 3.5 (at most 3)"


def test_a_program_that_allocates_more_than_it_may_fails() -> None:
    program = [sys.executable, "-c", "x = bytearray(200_000_000)"]
    assert measured(program, memory_mb=500).memory >= 190
    with pytest.raises(subprocess.CalledProcessError, match="returned non-zero exit status 1") as caught:
        measured(program, memory_mb=150)
    assert caught.value.output.endswith(b"MemoryError\n")


def test_what_is_done_apart_is_not_counted_to_the_next_program() -> None:
    """In a process that is small itself, which a worker of pytest is not."""
    alone = """
import sys
from workloads.measuring import apart, measured
assert apart(eval, "len(b'x' * 300_000_000)") == 300_000_000
print(measured([sys.executable, "-c", "pass"]).memory)
"""
    found = subprocess.run([sys.executable, "-c", alone], capture_output=True, text=True, check=True)
    assert float(found.stdout) < 200
