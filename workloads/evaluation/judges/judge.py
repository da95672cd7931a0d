"""What a judge of any task answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from numpy.typing import NDArray

from contracts.schema import Contract
from workloads.evaluation.fairness import Disparities
from workloads.evaluation.intervals import Comparison, Interval
from workloads.evaluation.segments import Groups

Array = NDArray[Any]
Measured = Mapping[str, Interval]


class Judge(ABC):
    """Of one contract. Labels are (n,) as a data set has them; outputs (n,) or, of several classes, (n, classes).

    `headline` is the metric that stands for all in a list of models; `at_threshold` are those that depend on one.
    `sound` says in words what every output must be. `margin` is the unit of contributions.
    """

    headline: ClassVar[str]
    at_threshold: ClassVar[Sequence[str]] = ()
    sound: ClassVar[str]
    unsound: ClassVar[str]
    margin: ClassVar[str] = "log odds"

    def __init__(self, contract: Contract, threshold: float) -> None:
        self.contract, self.threshold = contract, threshold

    def described(self, labels: Array, outputs: Array) -> Mapping[str, Any]:
        """What the report says of the test set beside its rows, and of the decisions on it."""
        return {}

    @abstractmethod
    def measure(self, labels: Array, outputs: Array, entities: Array) -> Measured:
        """All metrics that a contract of the task may bound, but for the comparison and the latency."""

    @abstractmethod
    def compare(self, labels: Array, candidate: Array, champion: Array, entities: Array) -> Comparison:
        """The candidate against the champion on the same rows."""

    @abstractmethod
    def by_segment(self, labels: Array, outputs: Array, groups: Groups) -> list[dict[str, Any]]:
        """The report of each group of a segment that `Groups.reported` gives."""

    def decisions(self, outputs: Array) -> Array | None:
        """What follows from each output (n,); None of a task without decisions."""
        return None

    @abstractmethod
    def disparities(self, labels: Array, outputs: Array, groups: Groups) -> Disparities:
        """How unlike the groups of a segment are treated."""

    @abstractmethod
    def wrong(self, labels: Array, outputs: Array) -> Array:
        """How wrong each row is (n,), the surest error the most; 0 or less of one that is right."""

    @abstractmethod
    def faulty(self, outputs: Array) -> int:
        """How many outputs are not what `sound` says."""

    @abstractmethod
    def watched(self, outputs: Array) -> Array:
        """The numbers (n,) of the answers that are watched for drift, as `Strategy.watched` reads them."""

    @abstractmethod
    def plots(self, labels: Array, outputs: Array, champion: Array | None) -> Mapping[str, str]:
        """Plots for people by name, as SVG."""

    @abstractmethod
    def summary(self, measured: Measured, rows: int) -> str:
        """The metrics in one line."""


def shown(value: Interval) -> str:
    """A metric as people read it."""
    return f"{value.value:.4f} [{value.low:.4f}, {value.high:.4f}]"
