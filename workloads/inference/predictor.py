"""What turns features into a score. The service knows this interface only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

Features = Sequence[float]


class Predictor(Protocol):
    """A loaded model. Features are float64 with NaN for missing; a score is float32 in a Python float.

    Features are narrowed to float32 as the training matrix was: rounded to nearest, and held within the largest finite
    float32 (`workloads.features.frame.matrix`).
    """

    name: str

    def one(self, features: Features) -> float:
        """The score of one row."""
        ...

    def many(self, rows: Sequence[Features]) -> list[float]:
        """The scores of some rows (at least one)."""
        ...


def load(directory: Path, features: int) -> Predictor:
    """The predictor for the package in `directory`, whose model takes `features` inputs.

    Raises ModelError if the model file is missing, unreadable or takes another number of inputs.
    """
    from workloads.inference.xgboost_predictor import XGBoostPredictor

    return XGBoostPredictor(directory / "model.ubj", features)
