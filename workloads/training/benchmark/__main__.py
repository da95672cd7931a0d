"""`python -m workloads.training.benchmark`: measure against CSV, pandas and XGBClassifier.

The same rows, settings and threads; `--bare` is the Python that has pandas, `--job` the one of the training image. Ours
is the job as SageMaker starts it, on the data set that ETL leaves; limited, its bins lie in files. How it is judged,
`workloads.measuring` says.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from workloads.measuring import ROOT, Cost, Goal, apart, measured, ratio, told
from workloads.training.benchmark import data

HERE: Final = Path(__file__).parent
#: What either may allocate, in MB, on all rows.
LIMIT: Final = 900
#: As the pipeline sets it: where cores are shared, OpenMP's threads stall each other otherwise.
PASSIVE: Final = {"OMP_WAIT_POLICY": "passive"}
#: The limit counts what allocators reserve and never touch, as a container's does not: either is told to reserve none.
LEAN: Final = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"}


def naive(root: Path, bare: str, limit: int | None = None) -> tuple[Cost, Mapping[str, Any]]:
    """Train as one would write it; its cost, and the loss."""
    output = root / "naive"
    output.mkdir(exist_ok=True)
    given = dataclasses.asdict(data.CONTRACT.training)
    names = {"num_round": "n_estimators", "eta": "learning_rate", "seed": "random_state"}
    settings = json.dumps({names.get(name, name): value for name, value in given.items()})
    cost = measured(
        [bare, str(HERE / "naive_training.py"), str(root), str(output), settings], _environment(limit), memory_mb=limit
    )
    return cost, json.loads((output / "facts.json").read_text())


def ours(root: Path, job: str, limit: int | None = None) -> tuple[Cost, Mapping[str, Any]]:
    """Train as SageMaker would; its cost, the loss and the cost of the fit within it."""
    for made in ("model", "checkpoints"):
        shutil.rmtree(root / made, ignore_errors=True)
    argv = [job, "-m", "workloads.training.benchmark.our_training"]
    cost = measured(argv, {**_environment(limit), "SAGEMAKER_BASE_DIR": str(root)}, memory_mb=limit)
    metadata = json.loads((root / "model" / "metadata.json").read_text())
    return cost, {"loss": metadata["validation_loss"], **json.loads((root / "fit.json").read_text())}


def fits(root: Path, bare: str) -> bool:
    """Whether the naive script ends at all within the limit."""
    try:
        naive(root, bare, LIMIT)
    except subprocess.CalledProcessError as error:
        print(f"naive, limited to {LIMIT} MB: exit {error.returncode}, {error.output.decode().splitlines()[-1]}")
        return False
    return True


def all_rows(root: Path, rows: int, rounds: int, bare: str, job: str) -> list[Goal]:
    """Memory and time of ours within the limit, which the naive script exceeds."""
    apart(data.write, root, rows)
    costs: dict[str, list[Cost]] = {"naive": [], "ours": [], "ours, limited": []}
    above: list[float] = []
    for _ in range(rounds):
        found = {"naive": naive(root, bare), "ours": ours(root, job), "ours, limited": ours(root, job, LIMIT)}
        for name, (cost, facts) in found.items():
            costs[name].append(cost)
            above.append(facts["loss"] / found["naive"][1]["loss"] - 1)
    print(told(costs, rows))
    pair = costs, "ours, limited", "naive"
    return [
        Goal(text="memory, limited, x naive", found=ratio(*pair, "memory"), bound=0.2, at_least=False),
        Goal(text="seconds, limited, x naive", found=ratio(*pair, "wall"), bound=1.2, at_least=False),
        Goal(text="seconds of processors, limited, x naive", found=ratio(*pair, "cpu"), bound=1.2, at_least=False),
        Goal(text="log loss above that of naive, relative", found=max(above), bound=1e-3, at_least=False),
        Goal(text="naive trains within the limit", found=fits(root, bare), bound=0, at_least=False),
    ]


def around(root: Path, rows: int, rounds: int, job: str) -> list[Goal]:
    """What a job does beside the boosting: start, read, bin, prove and package."""
    apart(data.write, root, rows)
    found = [ours(root, job) for _ in range(rounds)]
    for cost, facts in found:
        print(f"fit {facts['wall']:.1f} of {cost.wall:.1f} s, {facts['cpu']:.1f} of {cost.cpu:.1f} s of processors")
    return shares(found, rows)


def shares(found: Sequence[tuple[Cost, Mapping[str, Any]]], rows: int) -> list[Goal]:
    """What is around the fit, in its seconds and in those of processors, of the median round."""
    goals: list[Goal] = []
    for what, of in (("wall", "seconds"), ("cpu", "seconds of processors")):
        share = statistics.median(getattr(cost, what) / facts[what] - 1 for cost, facts in found)
        goals.append(
            Goal(text=f"around the fit of {rows:,} rows, {of}, x fit", found=share, bound=0.15, at_least=False)
        )
    return goals


def _environment(limit: int | None) -> Mapping[str, str]:
    return PASSIVE if limit is None else {**PASSIVE, **LEAN}


def main() -> int:
    """Measure, and say which goals were reached; 1 where one was not."""
    parser = argparse.ArgumentParser(prog="python -m workloads.training.benchmark", description=__doc__)
    parser.add_argument("--rows", type=int, default=6_000_000)
    parser.add_argument("--fit-rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1, help="of all rows")
    parser.add_argument("--fit-rounds", type=int, default=3, help="of the fit: the first finds cold disks")
    parser.add_argument("--bare", default=str(ROOT / ".venv-train/bin/python"), help="a Python with pandas and XGBoost")
    parser.add_argument("--job", default=str(ROOT / ".venv-job/bin/python"), help="a Python with the image's packages")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT / ".local") as home:
        large, small = Path(home, "large"), Path(home, "small")
        large.mkdir()
        small.mkdir()
        goals = around(small, given.fit_rows, given.fit_rounds, given.job)
        goals += all_rows(large, given.rows, given.rounds, given.bare, given.job)
    print(*goals, sep="\n")
    return int(not all(goal.reached for goal in goals))


if __name__ == "__main__":
    sys.exit(main())
