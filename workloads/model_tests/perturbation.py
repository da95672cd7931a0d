"""How many decisions hang on noise: the share of rows whose decision some small change moves (`flip_share`).

The changes are sought for each row, not drawn: drawn ones miss the narrow steps of trees, and what moves an integer by
a hundredth of anything moves no tree at all. No gradient and no threshold of a tree is read, so models of any make are
tried alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workloads.model_tests.trial import ModelTest, Subject, Trial

FLIP_SHARE: Final = "flip_share"
SMALL: Final = 0.01  # standard deviations that a number is moved by
MOST_ROWS: Final = 5000  # evenly taken; a share of so many is known to 0.007 (its standard error at most)
_NAME: Final = "small changes move few decisions"
Matrix = NDArray[np.float32]


def trials(subject: Subject) -> Iterator[Trial]:
    """The one test, where the contract bounds the share, which one of a task without decisions cannot."""
    most = subject.contract.bounds(FLIP_SHARE).max
    if most is not None:
        yield Trial(_NAME, lambda: _bounded(subject, most))


def _bounded(subject: Subject, most: float) -> ModelTest:
    rows = min(len(subject.features), MOST_ROWS)
    share = float(flipped(subject, rows).mean())
    return ModelTest(
        name=_NAME,
        passed=share <= most,
        found=f"{share:.4f} of {rows} rows",
        allowed=f"<= {most:g}",
        key=f"quality.{FLIP_SHARE}.max",
    )


def flipped(subject: Subject, count: int) -> NDArray[np.bool_]:
    """Of `count` rows (count,) whether a small change moves the decision.

    Each feature is moved alone, both ways; then all at once, each the way that made the decision less certain (the sign
    of the gradient's coordinates, found by differences: Goodfellow et al., Explaining and Harnessing Adversarial
    Examples, 2015, section 4). The last is not tried with a model whose questions must be known beforehand.
    """
    model, judge = subject.model, subject.judge
    steps, low, high = _steps(subject)
    rows = subject.features[np.linspace(0, len(subject.features) - 1, count).astype(int)]
    scores = model.scores(rows)
    decided: NDArray[np.int64] = np.asarray(judge.decisions(scores), dtype=np.int64)
    moves, before, worst = np.zeros(count, bool), _certainty(scores, decided), rows.copy()
    for position in np.flatnonzero(steps):
        least = before.copy()
        for way in (-1, 1):
            moved = rows.copy()
            moved[:, position] = np.clip(rows[:, position] + way * steps[position], low[position], high[position])
            scores = model.scores(moved)
            moves |= judge.decisions(scores) != decided
            certainty = _certainty(scores, decided)
            worse = certainty < least
            worst[worse, position] = moved[worse, position]
            least[worse] = certainty[worse]
    if model.at_hand:
        moves |= judge.decisions(model.scores(worst)) != decided
    return moves


def _steps(subject: Subject) -> tuple[Matrix, Matrix, Matrix]:
    """By how much each feature (features,) is moved, and the ends of the values that it has, beyond which it is not.

    A whole number goes one up or down; one that is a flag stays, for the other value is no small change, and so do
    categories and missing values.
    """
    count = len(subject.model.names)
    steps, low, high = (np.zeros(count, subject.features.dtype) for _ in range(3))
    for position, name in enumerate(subject.model.names):
        known = subject.features[:, position]
        known = known[~np.isnan(known)]
        if name in subject.model.unmoved or not known.size:
            continue
        low[position], high[position] = known.min(), known.max()
        if not (known == np.round(known)).all():
            steps[position] = SMALL * known.astype(np.float64).std()
        elif high[position] - low[position] > 1:
            steps[position] = 1
    return steps, low, high


def _certainty(scores: Matrix, decided: NDArray[np.int64]) -> Matrix:
    """How far (n,) the scores speak for what was decided."""
    if scores.ndim == 1:
        return np.where(decided == 1, scores, -scores)
    return scores[np.arange(len(scores)), decided]
