"""What the platform can predict (T12): one strategy for each task, from the label to the form of an answer.

`of` gives that of a contract. The strategies import nothing heavy, as the inference service has them; how good a model
is, with numpy and the rest, is told by the judge of the same task in `workloads.evaluation.judges`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contracts.schema import Contract, Task
from workloads.tasks.binary import Binary
from workloads.tasks.multiclass import Multiclass
from workloads.tasks.regression import Regression
from workloads.tasks.strategy import Strategy

__all__ = ["Strategy", "of"]

_STRATEGIES: Final[Mapping[Task, type[Strategy]]] = {
    Task.BINARY_CLASSIFICATION: Binary,
    Task.MULTICLASS_CLASSIFICATION: Multiclass,
    Task.REGRESSION: Regression,
}


def of(contract: Contract, *, threshold: float | None = None) -> Strategy:
    """The strategy of a contract's task; `threshold` in place of the contract's, where the task has one."""
    return _STRATEGIES[contract.task](contract, contract.threshold if threshold is None else threshold)
