"""Tests of a model's behaviour that its metrics do not show. Each has a bound it can fail."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workloads.evaluation.judges import Judge
from workloads.evaluation.model import Model

SAMPLE = 200
FLIP_SHARE = "flip_share"
SMALL, DRAWS = 0.01, 4  # standard deviations that a number is moved by at most, and how often that is tried
_SEED = 7
TIMES = 3  # that the latency of a row is measured
STEPS = 11  # values that a feature is tried with: ends and tenths of those it has


@dataclass(frozen=True, kw_only=True)
class ModelTest:
    """One test with what it found and what is allowed; `key` is the contract's where it says so."""

    name: str
    passed: bool
    found: str
    allowed: str
    key: str = ""


def run(
    model: Model, features: NDArray[np.float32], judge: Judge, max_latency_ms: float | None
) -> tuple[ModelTest, ...]:
    """All tests on (at most 200 of) the rows of a model matrix (n, features); without a limit any latency passes.

    Of a model that is not asked here nothing is said of latency.
    """
    sample = features[:SAMPLE]
    return (
        _outputs_are_sound(model, features, judge),
        _single_equals_batch(model, sample),
        _order_does_not_matter(model, sample),
        _missing_values_are_scored(model, sample),
        *_directions(model, features, judge),
        *_small_changes(model, features, judge),
        *([_latency(model, sample, math.inf if max_latency_ms is None else max_latency_ms)] if model.timed else []),
    )


def _milliseconds(model: Model, row: NDArray[np.float32]) -> float:
    start = time.perf_counter()
    model.scores(row)
    return (time.perf_counter() - start) * 1e3


def _outputs_are_sound(model: Model, features: NDArray[np.float32], judge: Judge) -> ModelTest:
    wrong = judge.faulty(model.scores(features))
    return ModelTest(name=judge.sound, passed=wrong == 0, found=f"{wrong} {judge.unsound}", allowed="0")


def _single_equals_batch(model: Model, sample: NDArray[np.float32]) -> ModelTest:
    batch = model.scores(sample)
    single = np.array([model.scores(sample[i : i + 1])[0] for i in range(len(sample))])
    return _equal("one row scores as in a batch", single, batch, model.tolerance)


def _order_does_not_matter(model: Model, sample: NDArray[np.float32]) -> ModelTest:
    reversed_scores = model.scores(np.ascontiguousarray(sample[::-1]))[::-1]
    return _equal("row order does not matter", reversed_scores, model.scores(sample), model.tolerance)


def _missing_values_are_scored(model: Model, sample: NDArray[np.float32]) -> ModelTest:
    scores = model.scores(np.full_like(sample[:1], np.nan))
    fine = bool(np.isfinite(scores).all())
    return ModelTest(name="a row of missing values is scored", passed=fine, found=str(scores[0]), allowed="finite")


def _directions(model: Model, features: NDArray[np.float32], judge: Judge) -> Iterator[ModelTest]:
    """The promises of `monotone`: each row with every tenth of the values that the feature has."""
    promised = judge.contract.monotone
    for position, name in enumerate(model.names):
        direction = 0 if promised is None else promised.direction(name)
        known = features[:, position][~np.isnan(features[:, position])]
        if not direction or not known.size:
            continue
        sample = features[:SAMPLE]
        steps = np.unique(np.quantile(known, np.linspace(0, 1, STEPS)).astype(np.float32))
        moved = np.repeat(sample, len(steps), axis=0)
        moved[:, position] = np.tile(steps, len(sample))
        scores = model.scores(moved).reshape(len(sample), len(steps)).astype(np.float64) * direction
        room = model.tolerance * float(np.abs(scores).max())
        wrong = int((np.diff(scores, axis=1) < -room).any(axis=1).sum())
        yield ModelTest(
            name=f"more {name} never {'lowers' if direction > 0 else 'raises'} an answer",
            passed=wrong == 0,
            found=f"{wrong} of {len(sample)} rows do otherwise",
            allowed="0",
            key=f"monotone.{name}",
        )


def _small_changes(model: Model, features: NDArray[np.float32], judge: Judge) -> Iterator[ModelTest]:
    """How many decisions hang on noise, where the contract bounds it; missing values and categories stay."""
    most, before = judge.contract.bounds(FLIP_SHARE).max, judge.decisions(model.scores(features))
    if most is None or before is None:
        return
    size = np.array([0.0 if name in model.unmoved else SMALL for name in model.names])
    size = size * np.nan_to_num(np.nanstd(features.astype(np.float64), axis=0))
    random, worst = np.random.default_rng(_SEED), 0.0
    for _ in range(DRAWS):
        moved = features + (random.uniform(-1, 1, features.shape) * size).astype(np.float32)
        worst = max(worst, float((judge.decisions(model.scores(moved)) != before).mean()))
    yield ModelTest(
        name="small changes move few decisions",
        passed=worst <= most,
        found=f"{worst:.4f} of {len(features)} rows",
        allowed=f"<= {most:g}",
        key=f"quality.{FLIP_SHARE}.max",
    )


def _latency(model: Model, sample: NDArray[np.float32], limit_ms: float) -> ModelTest:
    """A row's latency is the least of some: what else the machine does is none of the model's."""
    taken = [min(_milliseconds(model, sample[i : i + 1]) for _ in range(TIMES)) for i in range(len(sample))]
    p99 = float(np.percentile(taken, 99))
    found, allowed = f"{p99:.2f} ms", f"<= {limit_ms:g} ms"
    return ModelTest(
        name="latency p99", passed=p99 <= limit_ms, found=found, allowed=allowed, key="quality.latency_ms.max"
    )


def _equal(name: str, found: NDArray[np.float32], wanted: NDArray[np.float32], tolerance: float) -> ModelTest:
    """Of NaN is nothing said here: that outputs are sound is a test of its own."""
    room = tolerance * float(np.nanmax(np.abs(wanted), initial=0.0))
    different = int((~np.isclose(found, wanted, rtol=0.0, atol=room, equal_nan=True)).sum())
    allowed = f"0 by more than {tolerance:g} of the largest" if tolerance else "0"
    return ModelTest(name=name, passed=different == 0, found=f"{different} scores differ", allowed=allowed)
