"""The program against as many plain resources, and against itself with more endpoints; by turns, each in a process.

`python -m local.benchmark [--rounds N]`: seconds of CPU (the least of the rounds, for a neighbour only adds), for the
whole process: imports, look-ups, registrations. Ends with 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from local.runtime.stack import PROJECT_DIRECTORY

#: The program may take this many times as long as plain resources: its own work is at most half of the SDK's.
MOST_TIMES: Final = 1.5
ENDPOINTS: Final = (1, 10, 50)
#: The 40 endpoints above ten may take this many times as long each as the nine above one.
MOST_GROWTH: Final = 1.25
_STACK: Final = "prod"
_PLAIN: Final = Path(__file__).with_name("plain.py")
_ONE: Final = """
import json, resource, sys
from pathlib import Path
from local.runtime import Stack
program, overrides = sys.argv[2:]
made = Stack(sys.argv[1], program=Path(program) if program else None, config_overrides=json.loads(overrides)).synth()
used = resource.getrusage(resource.RUSAGE_SELF)
print(len(made["resources"]), used.ru_utime + used.ru_stime)
"""


def measured(program: Path | None = None, overrides: Mapping[str, Any] | None = None) -> tuple[int, float]:
    """Resources and seconds of CPU of one run of a program in a fresh process."""
    arguments = [sys.executable, "-c", _ONE, _STACK, str(program or ""), json.dumps(overrides or {})]
    done = subprocess.run(arguments, cwd=PROJECT_DIRECTORY, capture_output=True, text=True, check=True)
    count, seconds = done.stdout.split()
    return int(count), float(seconds)


def with_endpoints(count: int) -> dict[str, Any]:
    """Config of so many endpoints of one workload."""
    endpoints = {f"e{n}": {"kind": "realtime"} for n in range(1, count + 1)}
    return {"workloads": {"churn": {"contract": "contracts/churn.yaml", "champion": "e1", "endpoints": endpoints}}}


def against_plain(rounds: int) -> float:
    """How many times as long the program takes as plain resources."""
    with tempfile.TemporaryDirectory() as home:
        synth = Path(home) / "synth.json"
        command = [sys.executable, "-m", "local", "synth", "--stack", _STACK, "--out", str(synth)]
        subprocess.run(command, cwd=PROJECT_DIRECTORY, capture_output=True, check=True)
        pairs = [(measured(), measured(_PLAIN, {"plain:synth": str(synth)})) for _ in range(rounds)]
    (count, ours), (as_many, plain) = (min(each, key=lambda run: run[1]) for each in zip(*pairs, strict=True))
    print(f"{_STACK}: {count} resources in {ours:.2f} s of CPU; {as_many} plain ones in {plain:.2f} s")
    print(f"  {ours / plain:.2f} times as long (at most {MOST_TIMES})")
    return ours / plain


def growth(rounds: int) -> float:
    """How many times as long each of many endpoints takes as each of few."""
    turns = [[measured(overrides=with_endpoints(count)) for count in ENDPOINTS] for _ in range(rounds)]
    runs = [min(each, key=lambda run: run[1]) for each in zip(*turns, strict=True)]
    for count, (resources, seconds) in zip(ENDPOINTS, runs, strict=True):
        print(f"{count} endpoints: {resources} resources in {seconds:.2f} s of CPU")
    few, some, many = ENDPOINTS
    first, second, third = (seconds for _, seconds in runs)
    found = ((third - second) / (many - some)) / ((second - first) / (some - few))
    print(f"  each above {some} takes {found:.2f} times as long as each up to there (at most {MOST_GROWTH})")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m local.benchmark")
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args(argv).rounds
    return int(against_plain(rounds) > MOST_TIMES) | int(growth(rounds) > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
