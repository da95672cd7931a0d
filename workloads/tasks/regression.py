"""A number: what the contract's objective says of the label's distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from contracts.schema import Contract, Loss, Objective
from workloads.tasks.strategy import Strategy

#: XGBoost documentation, "XGBoost Parameters", Learning Task Parameters: objective and evaluation metric.
_LEARNED: Final[Mapping[Loss, tuple[str, str]]] = {
    Loss.SQUARED: ("reg:squarederror", "rmse"),
    Loss.ABSOLUTE: ("reg:absoluteerror", "mae"),
    Loss.POISSON: ("count:poisson", "poisson-nloglik"),
    Loss.GAMMA: ("reg:gamma", "gamma-deviance"),
    Loss.TWEEDIE: ("reg:tweedie", "tweedie-nloglik"),
    Loss.QUANTILE: ("reg:quantileerror", "quantile"),
}
_PARAMETERS: Final[Mapping[Loss, str]] = {Loss.TWEEDIE: "tweedie_variance_power", Loss.QUANTILE: "quantile_alpha"}
_PREDICTED: Final[Mapping[Loss, str]] = {Loss.ABSOLUTE: "median", Loss.QUANTILE: "quantile"}


class Regression(Strategy):
    """Labels are numbers, and so is an output."""

    fields = ("prediction",)
    header = ("prediction",)
    classes = ()

    def __init__(self, contract: Contract, threshold: float) -> None:
        super().__init__(contract, threshold)
        self.objective = contract.objective or Objective(loss=Loss.SQUARED)  # the loader gives every regression one
        name, parameter = _LEARNED[self.objective.loss][1], self.objective.parameter
        self.loss = f"{name}@{parameter:g}" if self.objective.loss is Loss.TWEEDIE else name

    def stored(self, label: Any) -> Any:
        """As float64."""
        import narwhals as nw

        return label.cast(nw.Float64)

    def unlearnable(self, found: set[float]) -> str | None:
        """One value in all rows, or numbers with which the loss cannot be computed."""
        from contracts import labels  # the service, which learns nothing, has it not

        least, most = labels.learnable(self.contract) or (-math.inf, math.inf)
        if not all(least <= value <= most for value in found):
            return (
                f"has values from {min(found):g} to {max(found):g}; a model can learn from {least:g} to {most:g}: "
                "deliver it in another unit, or have validation quarantine such rows (its minimum and maximum)"
            )
        return None if len(found) > 1 else f"has the values {sorted(found)}; needed: different ones"

    def parameters(self) -> Mapping[str, Any]:
        """The objective and its parameter."""
        loss = self.objective.loss
        own = {_PARAMETERS[loss]: self.objective.parameter} if loss in _PARAMETERS else {}
        return {"objective": _LEARNED[loss][0], **own}

    def decide(self, output: float) -> None:
        """Nothing follows from a number."""
        return

    def values(self, output: float, decision: None) -> tuple[Any, ...]:
        """The number."""
        return (output,)

    def output(self, prediction: Mapping[str, Any]) -> float:
        """The number."""
        return prediction["prediction"]

    def cells(self, output: float, decision: None) -> tuple[Any, ...]:
        """The number."""
        return (output,)

    def properties(self) -> Mapping[str, Any]:
        """A number, and what of the label it is."""
        loss, parameter = self.objective.loss, self.objective.parameter
        share = f" {parameter:g}" if loss is Loss.QUANTILE else ""
        said = f"the {_PREDICTED.get(loss, 'mean')}{share} of {self.contract.label}, given the row's inputs"
        return {"prediction": {"type": "number", "description": said}}

    def watched(self, prediction: Mapping[str, Any]) -> float:
        """The number."""
        return float(prediction["prediction"])
