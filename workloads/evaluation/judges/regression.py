"""A regression: the loss of the contract's objective, errors in the label's unit, and where they lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import xlogy

from contracts.schema import Loss, Objective
from workloads.evaluation import bootstrap, fairness, intervals, plots
from workloads.evaluation.bootstrap import Draws
from workloads.evaluation.fairness import Disparities
from workloads.evaluation.intervals import Comparison, Interval
from workloads.evaluation.judges.judge import Array, Judge, Measured, shown
from workloads.evaluation.segments import Groups

_MEDIANS = (Loss.ABSOLUTE, Loss.QUANTILE)
_LOG_LINK = (Loss.POISSON, Loss.GAMMA, Loss.TWEEDIE)


class RegressionJudge(Judge):
    """Outputs are numbers, of the objectives with a logarithmic link above 0."""

    headline = "d2"
    sound, unsound = "predictions are finite numbers", "are not, or not above 0 where the objective says so"
    margin = "margin"

    @property
    def _objective(self) -> Objective:
        return self.contract.objective or Objective(loss=Loss.SQUARED)

    def measure(self, labels: Array, outputs: Array, entities: Array) -> Measured:
        """Loss, errors and calibration."""
        losses = row_losses(labels, outputs, self._objective)
        least = row_losses(labels, np.full(len(labels), constant(labels, self._objective)), self._objective)
        error = outputs.astype(np.float64) - labels
        squared = intervals.mean(np.square(error), entities, low=0.0)
        return {
            "d2": intervals.explained(losses, least, entities),
            "loss": intervals.mean(losses, entities, low=0.0),
            "rmse": Interval(**{end: float(np.sqrt(getattr(squared, end))) for end in ("value", "low", "high")}),
            "mae": intervals.mean(np.abs(error), entities, low=0.0),
            "bias": intervals.mean(error, entities),
            "covered_share": intervals.mean((error >= 0).astype(float), entities, low=0.0, high=1.0),
            "calibration_error": calibration_error(labels, outputs, bootstrap.of(entities)),
        }

    def compare(self, labels: Array, candidate: Array, champion: Array, entities: Array) -> Comparison:
        """By the objective's loss, as a share of the champion's."""
        ours, theirs = (row_losses(labels, outputs, self._objective) for outputs in (candidate, champion))
        return intervals.loss_increase("loss", ours, theirs, entities)

    def by_segment(self, labels: Array, outputs: Array, groups: Groups) -> list[dict[str, Any]]:
        """What is said of each group, and how wrong it is: a bias of one group is an unfairness that no mean shows."""
        return [
            {
                "segment": value,
                "rows": here.size,
                "mean_label": float(labels[here].mean()),
                "mean_prediction": float(outputs[here].mean(dtype=np.float64)),
                "bias": float((outputs[here] - labels[here]).mean()),
                "mae": float(np.abs(outputs[here] - labels[here]).mean()),
            }
            for value, here in groups.reported()
        ]

    def disparities(self, labels: Array, outputs: Array, groups: Groups) -> Disparities:
        """Of the predictions and their errors."""
        return fairness.of_numbers(labels, outputs, groups)

    def wrong(self, labels: Array, outputs: Array) -> Array:
        """The distance of prediction and label."""
        return np.abs(outputs.astype(np.float64) - labels)

    def faulty(self, outputs: Array) -> int:
        """Infinities and NaN; zeros and less where the link is a logarithm."""
        sound = np.isfinite(outputs)
        return int((~(sound & (outputs > 0) if self._objective.loss in _LOG_LINK else sound)).sum())

    def watched(self, outputs: Array) -> Array:
        """The predictions."""
        return outputs.astype(np.float64)

    def plots(self, labels: Array, outputs: Array, champion: Array | None) -> Mapping[str, str]:
        """Predictions against labels, residuals, and the mean label by tenths of the prediction."""
        return {
            "Predicted and observed": plots.predicted(labels, outputs),
            "Residuals": plots.residuals(labels, outputs, champion),
            "Calibration": plots.by_tenth(*tenths(labels, outputs)),
        }

    def summary(self, measured: Measured, rows: int) -> str:
        """The share explained, and the errors."""
        d2, rmse, mae = (shown(measured[name]) for name in ("d2", "rmse", "mae"))
        return f"D² ({self._objective.loss}) {d2} on {rows} test rows, RMSE {rmse}, MAE {mae}"


def row_losses(labels: Array, outputs: Array, objective: Objective) -> Array:
    """The loss (n,) of each row: squares, absolute errors, the pinball loss, or a unit deviance.

    Deviances: McCullagh and Nelder, Generalized Linear Models, 1989, section 2.3; Tweedie's: Jorgensen, The Theory of
    Dispersion Models, 1997.
    """
    y, mu = labels.astype(np.float64), outputs.astype(np.float64)
    match objective.loss:
        case Loss.SQUARED:
            return np.square(mu - y)
        case Loss.ABSOLUTE:
            return np.abs(mu - y)
        case Loss.QUANTILE:
            share = 0.5 if objective.parameter is None else objective.parameter
            return np.maximum(share * (y - mu), (share - 1) * (y - mu))
        case Loss.POISSON:
            return 2 * np.maximum(xlogy(y, y / mu) - y + mu, 0)
        case Loss.GAMMA:
            return 2 * np.maximum(np.log(mu / y) + y / mu - 1, 0)
        case Loss.TWEEDIE:
            p = 1.5 if objective.parameter is None else objective.parameter
            deviance = y ** (2 - p) / ((1 - p) * (2 - p)) - y * mu ** (1 - p) / (1 - p) + mu ** (2 - p) / (2 - p)
            return 2 * np.maximum(deviance, 0)


def constant(labels: Array, objective: Objective) -> float:
    """The one answer that has the least loss: the median, a quantile, or the mean."""
    if objective.loss in _MEDIANS:
        return float(np.quantile(labels, 0.5 if objective.parameter is None else objective.parameter))
    return float(labels.mean(dtype=np.float64))


def tenths(labels: Array, outputs: Array) -> tuple[Array, Array, Array]:
    """Mean prediction, mean label and rows of ten bins of the prediction with as many rows each."""
    parts = _parts(outputs)
    means = [(outputs[part].mean(dtype=np.float64), labels[part].mean(dtype=np.float64), part.size) for part in parts]
    predicted, observed, rows = zip(*means, strict=True)
    return np.array(predicted), np.array(observed), np.array(rows)


def calibration_error(labels: Array, outputs: Array, draws: Draws) -> Interval:
    """The mean distance of label and prediction over tenths, in standard deviations of the label."""
    parts, index = _parts(outputs), np.empty(len(outputs), dtype=np.int64)
    for number, part in enumerate(parts):
        index[part] = number
    centred = labels - np.median(labels).astype(np.float64)  # a constant label is then exactly 0
    gaps = draws.sums(index, len(parts), labels - outputs.astype(np.float64))
    of_label = [draws.sums(np.zeros_like(index), 1, centred**power) for power in range(3)]
    return draws.distance(gaps, np.concatenate(of_label, axis=1), _rows_times_spread)


def _parts(outputs: Array) -> list[Array]:
    """The rows of each tenth, by rising prediction."""
    return [part for part in np.array_split(np.argsort(outputs, kind="stable"), 10) if part.size]


def _rows_times_spread(sums: Array) -> Array:
    """The number of rows times their standard deviation, by their number, their sum and that of their squares."""
    rows, total, squares = (sums[..., power] for power in range(3))
    return np.sqrt(np.maximum(rows * squares - total**2, 0))
