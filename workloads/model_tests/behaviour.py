"""How a model answers, whatever it was trained for: the same for one row as for many, in time, and always a number."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workloads.evaluation.model import Model
from workloads.model_tests.trial import ModelTest, Subject, Trial, within

LATENCY: Final = "latency_ms"
TIMES: Final = 3  # that the latency of a row is measured


def trials(subject: Subject) -> Iterator[Trial]:
    """Of a model that is not asked here nothing is said of latency, and an answer is known before it is asked again."""
    model, features, judge, sample = subject.model, subject.features, subject.judge, subject.sample

    def sound() -> ModelTest:
        wrong = judge.faulty(model.scores(features))
        return ModelTest(name=judge.sound, passed=wrong == 0, found=f"{wrong} {judge.unsound}", allowed="0")

    yield Trial(judge.sound, sound)
    yield Trial("one row scores as in a batch", lambda: _single_equals_batch(model, sample))
    yield Trial("row order does not matter", lambda: _order_does_not_matter(model, sample))
    yield Trial("a row of missing values is scored", lambda: _missing_values_are_scored(model, sample))
    if model.at_hand:
        limit = subject.contract.bounds(LATENCY).max
        yield Trial("the same rows score the same", lambda: _repeated(model, features))
        yield Trial("latency p99", lambda: _latency(model, sample, limit))


def _single_equals_batch(model: Model, sample: NDArray[np.float32]) -> ModelTest:
    batch = model.scores(sample)
    single = np.array([model.scores(sample[i : i + 1])[0] for i in range(len(sample))])
    return _equal("one row scores as in a batch", single, batch, model.tolerance)


def _order_does_not_matter(model: Model, sample: NDArray[np.float32]) -> ModelTest:
    reversed_scores = model.scores(np.ascontiguousarray(sample[::-1]))[::-1]
    return _equal("row order does not matter", reversed_scores, model.scores(sample), model.tolerance)


def _repeated(model: Model, features: NDArray[np.float32]) -> ModelTest:
    """Without any tolerance: the sums of the same matrix are the same sums."""
    return _equal("the same rows score the same", model.scores(features), model.scores(features), 0.0)


def _missing_values_are_scored(model: Model, sample: NDArray[np.float32]) -> ModelTest:
    scores = model.scores(np.full_like(sample[:1], np.nan))
    fine = bool(np.isfinite(scores).all())
    return ModelTest(name="a row of missing values is scored", passed=fine, found=str(scores[0]), allowed="finite")


def _latency(model: Model, sample: NDArray[np.float32], limit_ms: float | None) -> ModelTest:
    """A row's latency is the least of some: what else the machine does is none of the model's."""
    taken = [min(_milliseconds(model, sample[i : i + 1]) for _ in range(TIMES)) for i in range(len(sample))]
    return within("latency p99", float(np.percentile(taken, 99)), limit_ms, "ms", f"quality.{LATENCY}.max")


def _milliseconds(model: Model, row: NDArray[np.float32]) -> float:
    start = time.perf_counter()
    model.scores(row)
    return (time.perf_counter() - start) * 1e3


def _equal(name: str, found: NDArray[np.float32], wanted: NDArray[np.float32], tolerance: float) -> ModelTest:
    """Of NaN is nothing said here: that outputs are sound is a test of its own."""
    room = tolerance * float(np.nanmax(np.abs(wanted), initial=0.0))
    different = int((~np.isclose(found, wanted, rtol=0.0, atol=room, equal_nan=True)).sum())
    allowed = f"0 by more than {tolerance:g} of the largest" if tolerance else "0"
    return ModelTest(name=name, passed=different == 0, found=f"{different} scores differ", allowed=allowed)
