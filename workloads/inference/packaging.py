"""Choose a package's predictor, with proof: `python -m workloads.inference.packaging --model-dir DIR`.

The last step of a training job. The model is converted to a forest file, and the compiled predictor is held against
XGBoost on the rows given and on rows made from the model's own thresholds and their neighbours, missing values and the
largest numbers: by every kernel, row by row and in blocks, bit for bit. Only if all are equal does the package name the
forest; whatever stands against it (an objective it does not know, a categorical split, no compiler, one different bit)
is written down as the reason for XGBoost instead.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
from array import array
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import xgboost

from workloads import job
from workloads.inference.forest import convert, library
from workloads.inference.forest.convert import Matrix, Trees, Unsupported
from workloads.inference.forest.forest import KERNELS, Forest, ForestError

EXTREME_ROWS = 20_000
PROBES = 256
ONE_BY_ONE = 2_000  # rows that are also scored singly
_log = logging.getLogger(__name__)


def finish(directory: Path, rows: Matrix | None = None) -> dict[str, Any]:
    """Write model.forest if it is proved equal on `rows` (float32, features in contract order), and name the choice.

    Adds "predictor" to metadata.json and returns it: {"kind": "forest" | "xgboost", "reason", "rows_compared", ...}.
    Raises OSError or ValueError if the package's own files are not sound.
    """
    source, target = directory / "model.ubj", directory / "model.forest"
    booster = xgboost.Booster({"nthread": 1}, model_file=source)
    try:
        trees = convert.read(bytes(booster.save_raw("json")))
        compared = extremes(trees, EXTREME_ROWS)
        if rows is not None:
            compared = np.concatenate([np.asarray(rows, dtype=np.float32), compared])
        choice = _prove(booster, trees, compared, target)
    except (Unsupported, ForestError, library.LibraryError) as error:
        target.unlink(missing_ok=True)
        choice = {"kind": "xgboost", "reason": str(error)}
    choice["booster_sha256"] = hashlib.sha256(source.read_bytes()).hexdigest()
    path = directory / "metadata.json"
    metadata = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**metadata, "predictor": choice}, sort_keys=True, indent=1), encoding="utf-8")
    _log.info("predictor chosen", extra=choice)
    return choice


def extremes(trees: Trees, count: int, seed: int = 7) -> Matrix:
    """Rows on which trees go wrong if they ever do: each value a threshold, a neighbour of one, missing, or huge."""
    largest = np.finfo(np.float32).max
    rng = np.random.default_rng(seed)
    columns: list[Matrix] = []
    for feature in range(trees.features):
        mine = trees.nodes["feature"] & ~convert.MISSING_LEFT == feature
        thresholds = trees.nodes["value"][mine & (trees.nodes["feature"] >= 0)].astype(np.float32)
        with np.errstate(over="ignore"):  # the neighbour of the largest number is infinite
            near = [np.nextafter(thresholds, np.float32(way)) for way in (-np.inf, np.inf)]
        special = np.array([np.nan, 0, -0.0, largest, -largest, np.inf, -np.inf, 1e-45], dtype=np.float32)
        pool = np.concatenate([thresholds, *near, np.repeat(special, 1 + len(thresholds) // 8)])
        columns.append(rng.choice(pool, count))
    return np.stack(columns, axis=1)


def _prove(booster: xgboost.Booster, trees: Trees, rows: Matrix, target: Path) -> dict[str, Any]:
    """The choice for a model that every kernel scores as XGBoost does: each on a thread of its own, for the library
    lets the others run.

    Raises ForestError of the first that does not.
    """
    best = booster.attr("best_iteration")
    learned = (0, int(best) + 1) if best is not None else (0, 0)
    largest = np.finfo(np.float32).max
    rows = np.clip(rows, -largest, largest)
    expected = booster.inplace_predict(rows, iteration_range=learned, validate_features=False).astype(np.float32)
    probes = np.linspace(0, len(rows) - 1, PROBES).astype(int)
    target.write_bytes(convert.convert(trees, rows[probes], expected[probes]))
    location = library.path() or library.build()
    values = array("d", rows.astype(np.float64).tobytes())
    singly = rows[:ONE_BY_ONE].tolist()

    def different(forest: Forest) -> int:
        found = np.array(forest.many(values), dtype=np.float32).reshape(expected.shape)
        wrong = int((found.view(np.uint32) != expected.view(np.uint32)).sum())
        if forest.outputs == 1:
            alone = np.array([forest.one(row) for row in singly], dtype=np.float32)
            wrong += int((alone.view(np.uint32) != expected[:ONE_BY_ONE].view(np.uint32)).sum())
        return wrong

    # by name: one that this machine, or this shape of tree, has not is another one
    opened = (Forest(target, location, kernel=number) for number in reversed(KERNELS))
    forests = {forest.kernel: forest for forest in opened}
    proved = [kernel for kernel in KERNELS.values() if kernel in forests]
    with ThreadPoolExecutor() as pool:
        counts = dict(zip(proved, pool.map(different, [forests[kernel] for kernel in proved]), strict=True))
    for kernel, wrong in counts.items():
        if wrong:
            raise ForestError(f"{wrong} of {len(rows)} scores differ from XGBoost's (kernel {kernel})")
    return {
        "kind": "forest",
        "reason": "equal to XGBoost in every bit",
        "rows_compared": len(rows),
        "kernels": proved,
        "library": library.source_hash(),
        "forest_sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "xgboost_version": xgboost.__version__,
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument(
        "--rows", type=Path, help="model matrix to compare on: float32 .npy, features in contract order"
    )


@job.entry("inference.packaging", __doc__, _arguments)
def main(options: argparse.Namespace) -> job.Outcome:
    """Choose the predictor of a package."""
    try:
        choice = finish(options.model_dir, np.load(options.rows) if options.rows else None)
    except (OSError, ValueError) as error:
        raise job.UserError(str(error)) from error
    return job.Outcome(message="predictor chosen", fields=choice)


if __name__ == "__main__":
    job.leave(main())
