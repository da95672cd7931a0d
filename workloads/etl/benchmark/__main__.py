"""`python -m workloads.etl.benchmark etl|validation`: measure against what one would write instead.

Naive is a pandas script, and `--bare` the Python that has pandas; how it is judged, `workloads.measuring` says.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from contracts.loader import load
from contracts.schema import to_json
from workloads.etl.benchmark import data
from workloads.measuring import ROOT, Cost, Goal, apart, measured, ratio, told

HERE: Final = Path(__file__).parent
#: What the embedded engine may use for itself, in MiB; Python and its libraries are 150 more.
LIMITED: Final = 250
SPARK: Final = {
    "PYSPARK_SUBMIT_ARGS": "--master local[2] --driver-memory 4g pyspark-shell",
    "SPARK_LOCAL_IP": "127.0.0.1",
}


def etl(home: Path, rows: int, rounds: int, bare: str, *, spark: bool) -> list[Goal]:
    """Ours, ours within little memory, pandas, SQL by hand and ours on Spark: the same data set.

    Spark runs in the last round alone: no goal is about it, and it takes longer than all the others.
    """
    source, contract = home / "in" / "accepted.parquet", home / "contract.json"
    source.parent.mkdir()
    apart(data.write, source, rows)
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

    def commands(out: Path, number: int) -> dict[str, list[str]]:
        found = {
            "pandas": [bare, str(HERE / "naive_etl.py"), str(source), str(out / "pandas")],
            "ours": [*job, str(out / "ours")],
            "by hand": [sys.executable, str(HERE / "by_hand.py"), str(source), str(out / "by hand"), "0"],
            "ours, limited": [*job, str(out / "ours, limited"), "--memory-limit-mb", str(LIMITED)],
        }
        if spark and number == rounds - 1:
            found["Spark"] = [sys.executable, "-m", "workloads.etl.spark", "--contract", str(contract)]
            found["Spark"] += ["--input", str(source.parent), "--output", str(out / "Spark")]
        return found

    costs: dict[str, list[Cost]] = {}
    for number in range(rounds):
        with tempfile.TemporaryDirectory(dir=home) as directory:
            out = Path(directory)
            for name, argv in commands(out, number).items():
                (out / name).mkdir()
                cost = measured(argv, SPARK if name == "Spark" else None)
                print(f"round {number + 1}, {name}: {cost}", flush=True)
                costs.setdefault(name, []).append(cost)
            for name in [name for name in costs if name != "ours" and len(costs[name]) == 1]:
                largest = apart(data.difference, out / "ours", out / name, churn, out)
                print(f"ours and {name}: floats within {largest:.1e}", flush=True)
    print(told(costs, rows))
    return [
        Goal(text="rows/s, x pandas", found=ratio(costs, "pandas", "ours", "wall"), bound=4, at_least=True),
        # Of the same runs: neither speed nor memory is bought with the other.
        Goal(
            text="rows/s, limited, x pandas",
            found=ratio(costs, "pandas", "ours, limited", "wall"),
            bound=4,
            at_least=True,
        ),
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
    apart(data.write, source, rows)
    contract.write_text(to_json(load(ROOT / "contracts/churn.yaml")))
    costs: dict[str, list[Cost]] = {}
    ours = [sys.executable, str(HERE / "our_validation.py"), str(source)]
    for number in range(rounds):
        with tempfile.TemporaryDirectory(dir=home) as directory:
            out = Path(directory)
            for name, argv in {
                "pandas": [bare, str(HERE / "naive_validation.py"), str(source), str(out / "pandas")],
                "ours": [*ours, str(out / "ours"), str(contract)],
            }.items():
                Path(argv[3]).mkdir()
                costs.setdefault(name, []).append(measured(argv))
            if number == 0:
                counts = {place.name: data.judged(place) for place in sorted(out.iterdir())}
                print(f"accepted and quarantined: {counts}")
                if len(set(counts.values())) > 1:
                    raise ValueError(f"verdicts differ: {counts}")
    print(told(costs, rows))
    most = max(cost.memory for cost in costs["ours"])
    return [
        Goal(text="rows/s, x pandas", found=ratio(costs, "pandas", "ours", "wall"), bound=3, at_least=True),
        Goal(text="memory in MB", found=most, bound=300, at_least=False),
    ]


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
    return int(not all(goal.reached for goal in goals))


if __name__ == "__main__":
    sys.exit(main())
