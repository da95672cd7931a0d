"""What a task decides for the rooms that have no task of their own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from contracts.schema import Contract

#: What a model gives for one row: a number, or the probabilities of all classes.
Output = Any


class Strategy(ABC):
    """One task under one contract.

    `fields` are what a prediction has in JSON, `header` what a line of CSV has; `has_threshold` says whether an output
    is compared with one. `classes` are the labels that a data set has, none where they are numbers. `loss` is XGBoost's
    metric of the validation part, and `outputs` how many numbers a model gives for one row.
    """

    fields: ClassVar[tuple[str, ...]]
    has_threshold: ClassVar[bool] = False
    header: tuple[str, ...]
    classes: tuple[int, ...]
    loss: str
    outputs: int = 1

    def __init__(self, contract: Contract, threshold: float) -> None:
        self.contract, self.threshold = contract, threshold

    # ---- the label ----

    @abstractmethod
    def stored(self, label: Any) -> Any:
        """The label of a data set, from that of accepted rows: a narwhals expression of one."""

    def told(self, counts: Sequence[int]) -> Mapping[str, Any]:
        """What the manifest says of a part beside its rows; `counts` are the rows of each class."""
        return {}

    def unlearnable(self, found: set[float]) -> str | None:
        """Why nothing can be learned from a part with these labels; of numbers, the least and the largest are given."""
        if found == set(map(float, self.classes)):
            return None
        needed = "both 0 and 1" if self.classes == (0, 1) else f"all of {', '.join(map(str, self.classes))}"
        return f"has the values {sorted(found)}; needed: {needed}"

    # ---- training ----

    @abstractmethod
    def parameters(self) -> Mapping[str, Any]:
        """XGBoost's parameters of the task, the objective among them."""

    # ---- answers ----

    @abstractmethod
    def decide(self, output: Output) -> Any:
        """What follows from an output; True is a decision to act."""

    def decider(self) -> Callable[[Output], Any]:
        """`decide`, in the form that is called fastest."""
        return self.decide

    @abstractmethod
    def values(self, output: Output, decision: Any) -> tuple[Any, ...]:
        """The values of `fields`."""

    @abstractmethod
    def output(self, prediction: Mapping[str, Any]) -> Output:
        """The output that a prediction in JSON was made of. KeyError or TypeError if it does not say it."""

    @abstractmethod
    def cells(self, output: Output, decision: Any) -> tuple[Any, ...]:
        """The values of `header`."""

    def fields_of_all(self, outputs: Sequence[Output], decisions: Sequence[Any]) -> tuple[Sequence[Any], ...]:
        """`values` of some rows (at least one), field by field."""
        return tuple(zip(*map(self.values, outputs, decisions), strict=True))

    def cells_of_all(self, outputs: Sequence[Output], decisions: Sequence[Any]) -> Iterable[tuple[Any, ...]]:
        """`cells` of many rows."""
        return map(self.cells, outputs, decisions)

    @abstractmethod
    def properties(self) -> Mapping[str, Any]:
        """`fields` as JSON Schema."""

    @abstractmethod
    def watched(self, prediction: Mapping[str, Any]) -> float:
        """The number of an answer that is watched for drift. KeyError, ValueError or TypeError if it has none."""

    def watched_line(self, cells: Sequence[str]) -> float:
        """As `watched`, of a line of CSV."""
        return self.watched({self.fields[0]: float(cells[0])})
