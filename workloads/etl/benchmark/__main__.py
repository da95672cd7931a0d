"""`python -m workloads.etl.benchmark etl|validation`: measure against what one would write instead.

Machines are shared and their speed changes by the minute, so nothing absolute is judged: programs run in turn, round
after round, each a process of its own from start to end, each round gives one ratio to the naive pandas script of the
same round, and the median of the rounds is the result. `--bare` is the Python that has pandas.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.loader import load
from contracts.schema import to_json
from workloads.etl.benchmark import data

ROOT: Final = Path(__file__).parents[3]
HERE: Final = Path(__file__).parent
#: What the embedded engine may use for itself, in MiB; Python and its libraries are 130 more.
LIMITED: Final = 150
LIMITED_VALIDATION: Final = 120
SPARK: Final = {
    "PYSPARK_SUBMIT_ARGS": "--master local[2] --driver-memory 4g pyspark-shell",
    "SPARK_LOCAL_IP": "127.0.0.1",
}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one run: seconds, seconds of processors, and the largest memory of a process in MB (not that of a JVM)."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A bound of a median ratio, or of a figure."""

    text: str
    found: float
    bound: float
    at_least: bool

    def __str__(self) -> str:
        reached = self.found >= self.bound if self.at_least else self.found <= self.bound
        sign = "at least" if self.at_least else "at most"
        return f"{'reached' if reached else 'MISSED '}  {self.text}: {self.found:.3g} ({sign} {self.bound:.3g})"


def measured(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a program. Raises CalledProcessError with what it said where it fails."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as said:
        variables = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        process = subprocess.Popen(argv, cwd=ROOT, env=variables, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise subprocess.CalledProcessError(process.returncode, list(argv), said.read()[-2000:])
    return Cost(wall=time.monotonic() - begun, cpu=used.ru_utime + used.ru_stime, memory=used.ru_maxrss / 1024)


def etl(home: Path, rows: int, rounds: int, bare: str, *, spark: bool) -> list[Goal]:
    """Ours, ours within little memory, pandas, SQL by hand and ours on Spark: the same data set."""
    source, contract = home / "in" / "accepted.parquet", home / "contract.json"
    source.parent.mkdir()
    data.write(source, rows)
    churn = load(ROOT / "contracts/churn.yaml")
    contract.write_text(to_json(churn))
    job = [
        sys.executable,
        "-m",
        "workloads.etl",
        "--contract",
        str(contract),
        "--input",
        str(source.parent),
        "--output",
    ]

    def commands(out: Path) -> dict[str, list[str]]:
        found = {
            "pandas": [bare, str(HERE / "naive_etl.py"), str(source), str(out / "pandas")],
            "ours": [*job, str(out / "ours")],
            "by hand": [sys.executable, str(HERE / "by_hand.py"), str(source), str(out / "by hand"), "0"],
            "ours, limited": [*job, str(out / "ours, limited"), "--memory-limit-mb", str(LIMITED)],
        }
        if spark:
            found["Spark"] = [sys.executable, "-m", "workloads.etl.spark", "--contract", str(contract)]
            found["Spark"] += ["--input", str(source.parent), "--output", str(out / "Spark")]
        return found

    costs: dict[str, list[Cost]] = {}
    for number in range(rounds):
        with tempfile.TemporaryDirectory(dir=home) as directory:
            out = Path(directory)
            for name, argv in commands(out).items():
                (out / name).mkdir()
                costs.setdefault(name, []).append(measured(argv, SPARK if name == "Spark" else None))
            if number == 0:
                for name in costs.keys() - {"ours"}:
                    print(f"ours and {name}: floats within {data.difference(out / 'ours', out / name, churn, out):.1e}")
    told(costs, rows)
    return [
        Goal(text="rows/s, x pandas", found=ratio(costs, "pandas", "ours", "wall"), bound=4, at_least=True),
        Goal(
            text="memory, limited, x pandas",
            found=ratio(costs, "ours, limited", "pandas", "memory"),
            bound=0.25,
            at_least=False,
        ),
        Goal(
            text="seconds of processors, x SQL by hand",
            found=ratio(costs, "ours", "by hand", "cpu"),
            bound=1.1,
            at_least=False,
        ),
    ]


def validation(home: Path, rows: int, rounds: int, bare: str) -> list[Goal]:
    """Ours and pandas: the same rows accepted."""
    source, contract = home / "delivered.csv", home / "contract.json"
    data.write(source, rows)
    contract.write_text(to_json(load(ROOT / "contracts/churn.yaml")))
    costs: dict[str, list[Cost]] = {}
    ours = [sys.executable, str(HERE / "our_validation.py"), str(source)]
    for number in range(rounds):
        with tempfile.TemporaryDirectory(dir=home) as directory:
            out = Path(directory)
            for name, argv in {
                "pandas": [bare, str(HERE / "naive_validation.py"), str(source), str(out / "pandas")],
                "ours": [*ours, str(out / "ours"), str(contract), "0"],
                "ours, limited": [*ours, str(out / "limited"), str(contract), str(LIMITED_VALIDATION)],
            }.items():
                Path(argv[3]).mkdir()
                costs.setdefault(name, []).append(measured(argv))
            if number == 0:
                counts = {place.name: data.judged(place) for place in sorted(out.iterdir())}
                print(f"accepted and quarantined: {counts}")
                if len(set(counts.values())) > 1:
                    raise ValueError(f"verdicts differ: {counts}")
    told(costs, rows)
    most = max(cost.memory for cost in costs["ours, limited"])
    return [
        Goal(text="rows/s, x pandas", found=ratio(costs, "pandas", "ours", "wall"), bound=3, at_least=True),
        Goal(text="memory in MB, limited", found=most, bound=300, at_least=False),
    ]


def ratio(costs: Mapping[str, Sequence[Cost]], above: str, below: str, what: str) -> float:
    """The median of the rounds' ratios."""
    pairs = zip(costs[above], costs[below], strict=True)
    return statistics.median(getattr(one, what) / getattr(other, what) for one, other in pairs)


def told(costs: Mapping[str, Sequence[Cost]], rows: int) -> None:
    """A line for each program."""
    for name, found in costs.items():
        wall, cpu, memory = (
            statistics.median(getattr(cost, what) for cost in found) for what in ("wall", "cpu", "memory")
        )
        print(f"{name:14} {rows / wall:12,.0f} rows/s {wall:7.1f} s {cpu:7.1f} s of processors {memory:7.0f} MB")


def main() -> int:
    """Measure, and say which goals were reached; 1 where one was not."""
    parser = argparse.ArgumentParser(prog="python -m workloads.etl.benchmark", description=__doc__)
    parser.add_argument("what", choices=("etl", "validation"))
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bare", default=str(ROOT / ".venv-etl/bin/python"), help="a Python with pandas and pyarrow")
    parser.add_argument("--no-spark", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT / ".local") as home:
        if given.what == "etl":
            goals = etl(Path(home), given.rows, given.rounds, given.bare, spark=not given.no_spark)
        else:
            goals = validation(Path(home), given.rows, given.rounds, given.bare)
    print(*goals, sep="\n")
    return int(any(str(goal).startswith("MISSED") for goal in goals))


if __name__ == "__main__":
    sys.exit(main())
