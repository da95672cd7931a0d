"""Models of every kind that the compiled forest supports, and rows that are hard on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import xgboost as xgb

Matrix = np.ndarray[Any, np.dtype[np.float32]]

# name -> (objective, parameters, rounds); depths and shapes that take each kernel and each layout
KINDS: dict[str, tuple[str, dict[str, Any], int]] = {
    "churn-like": ("binary:logistic", {"max_depth": 6}, 60),
    "shallow": ("binary:logistic", {"max_depth": 2}, 7),
    "stump": ("binary:logistic", {"max_depth": 1}, 1),
    "constant": ("binary:logistic", {"gamma": 1e9}, 3),
    "deep": ("binary:logistic", {"max_depth": 9, "min_child_weight": 0}, 20),
    "very deep": ("binary:logistic", {"max_depth": 0, "max_leaves": 60, "grow_policy": "lossguide"}, 20),
    "base score": ("binary:logistic", {"base_score": 0.017}, 20),
    "forest": ("binary:logistic", {"num_parallel_tree": 5, "subsample": 0.5}, 6),
    "exact": ("binary:logistic", {"tree_method": "exact"}, 20),
    "raw margins": ("binary:logitraw", {}, 20),
    "regression": ("reg:squarederror", {}, 30),
    "logistic regression": ("reg:logistic", {}, 30),
    "absolute error": ("reg:absoluteerror", {}, 20),
    "counts": ("count:poisson", {}, 30),
    "gamma": ("reg:gamma", {}, 30),
    "classes": ("multi:softprob", {"num_class": 5}, 15),
}


def rows(count: int, features: int = 7, seed: int = 0, *, hard: bool = True) -> Matrix:
    """Random rows with 20 % missing; `hard` adds huge, tiny and zero values."""
    rng = np.random.default_rng(seed)
    matrix = (rng.normal(0, 50, (count, features)) * rng.choice([1e-3, 1, 1e3], (count, features))).astype(np.float32)
    if hard:
        largest = np.finfo(np.float32).max
        special = np.array([0, -0.0, largest, -largest, 1e-45, np.inf, -np.inf], dtype=np.float32)
        matrix = np.where(rng.random(matrix.shape) < 0.05, rng.choice(special, matrix.shape), matrix)
    matrix[rng.random(matrix.shape) < 0.2] = np.nan
    return matrix


def train(kind: str, features: int = 7) -> xgb.Booster:
    objective, parameters, rounds = KINDS[kind]
    matrix = rows(3000, features, seed=1, hard=False)
    rng = np.random.default_rng(2)
    signal = np.nan_to_num(matrix[:, 0]) + 20 * np.isnan(matrix[:, 1]) - 0.02 * np.nan_to_num(matrix[:, 2])
    score = (signal - signal.mean()) / signal.std() + rng.normal(0, 1, len(matrix))
    labels = {
        "binary": (score > 0).astype(float),
        "multi": np.digitize(score, [-1, -0.3, 0.3, 1]).astype(float),
        "count": np.floor(np.exp(score / 2)),
        "reg:gamma": np.exp(score / 2) + 0.1,
        "reg:logistic": 1 / (1 + np.exp(-score)),
    }
    label = next((values for name, values in labels.items() if objective.startswith(name)), score)
    fixed = {"objective": objective, "nthread": 1, "seed": 3, "eta": 0.2}
    return xgb.train({**fixed, **parameters}, xgb.DMatrix(matrix, label), rounds)


def scores(booster: xgb.Booster, matrix: Matrix) -> Matrix:
    """XGBoost's own scores."""
    best = booster.attr("best_iteration")
    trees = (0, int(best) + 1) if best is not None else (0, 0)
    return booster.inplace_predict(matrix, iteration_range=trees, validate_features=False)
