"""One of two values: a probability, and whether it reaches the threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from contracts.schema import Contract
from workloads.inference.decision import decider
from workloads.tasks.strategy import Strategy


class Binary(Strategy):
    """Labels of 0 and 1; an output is the probability of 1."""

    fields = ("score", "decision")
    has_threshold = True
    classes = (0, 1)
    loss = "logloss"
    header = ("score", "decision")

    def __init__(self, contract: Contract, threshold: float) -> None:
        super().__init__(contract, threshold)
        self._is_positive = decider(threshold)

    def stored(self, label: Any) -> Any:
        """As int8."""
        import narwhals as nw

        return label.cast(nw.Int8)

    def told(self, counts: Sequence[int]) -> Mapping[str, Any]:
        """The positive rows."""
        return {"positives": counts[1]}

    def parameters(self) -> Mapping[str, Any]:
        """The log loss."""
        return {"objective": "binary:logistic"}

    def decide(self, output: float) -> bool:
        """Whether the score reaches the threshold."""
        return self._is_positive(output)

    def decider(self) -> Callable[[float], bool]:
        """The comparison itself: a call of Python a row is a fifth of the time that a batch takes."""
        return self._is_positive

    def values(self, output: float, decision: bool) -> tuple[Any, ...]:
        """Score and decision."""
        return output, decision

    def output(self, prediction: Mapping[str, Any]) -> float:
        """The score."""
        return prediction["score"]

    def cells(self, output: float, decision: bool) -> tuple[Any, ...]:
        """Score and decision, 0 or 1."""
        return output, int(decision)

    def fields_of_all(self, outputs: Sequence[float], decisions: Sequence[bool]) -> tuple[Sequence[Any], ...]:
        """As `values`, without a call a row."""
        return outputs, decisions

    def cells_of_all(self, outputs: Sequence[float], decisions: Sequence[bool]) -> Iterable[tuple[Any, ...]]:
        """As `cells`, without a call a row."""
        return zip(outputs, map(int, decisions), strict=True)

    def properties(self) -> Mapping[str, Any]:
        """A probability and a truth value."""
        return {
            "score": {"type": "number", "minimum": 0, "maximum": 1},
            "decision": {"type": "boolean", "description": "score at or above the threshold"},
        }

    def watched(self, prediction: Mapping[str, Any]) -> float:
        """The score."""
        return float(prediction["score"])
