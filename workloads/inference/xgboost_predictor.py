"""Scores from XGBoost itself, in place and on one thread: right for every model, and the measure of other predictors.

One thread, because two OpenMP threads that meet a busy neighbour wait for each other (p99 of a batch 1 -> 24 ms).
"""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import xgboost

from workloads.inference.predictor import Features

_LARGEST = np.finfo(np.float32).max


class XGBoostPredictor:
    """An `xgboost.Booster`, cut at its best iteration if training stopped early."""

    name = "xgboost"
    explains = True

    def __init__(self, path: Path, features: int) -> None:
        self.booster = xgboost.Booster(model_file=path)
        self.features = features
        self.booster.set_param({"nthread": 1})
        if self.booster.num_features() != features:
            raise ValueError(f"{path} takes {self.booster.num_features()} features, the contract has {features}")
        best = self.booster.attr("best_iteration")
        self.range = (0, int(best) + 1) if best is not None else (0, 0)

    def one(self, features: Features) -> float:
        """The score of one row."""
        return self.many(array("d", features))[0]

    def many(self, values: array[float]) -> list[float]:
        """The scores of some rows."""
        matrix = self._matrix(values)
        found = self.booster.inplace_predict(matrix, iteration_range=self.range, validate_features=False)
        return found.reshape(-1).tolist()

    def contributions(self, values: array[float]) -> list[list[float]]:
        """TreeSHAP values, by XGBoost."""
        types = self.booster.feature_types
        data = xgboost.DMatrix(self._matrix(values), feature_types=types, nthread=1, enable_categorical=True)
        found = self.booster.predict(data, pred_contribs=True, iteration_range=self.range, validate_features=False)
        return found.reshape(-1, self.features + 1).tolist()

    def _matrix(self, values: array[float]) -> np.ndarray[Any, np.dtype[np.float32]]:
        wide = np.frombuffer(values, dtype=np.float64).reshape(-1, self.features)
        return np.clip(wide, -_LARGEST, _LARGEST).astype(np.float32)
