"""What the platform can predict (T12): one strategy for each task, from the label to the form of an answer.

`of` gives that of a contract. The strategies import nothing heavy, as the inference service has them; how good a model
is, with numpy and the rest, is told by the judge of the same task in `workloads.evaluation.judges`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from contracts.schema import Contract, Task
from workloads.tasks.binary import Binary
from workloads.tasks.multiclass import Multiclass
from workloads.tasks.regression import Regression
from workloads.tasks.strategy import Strategy

__all__ = ["CHOSEN", "Strategy", "of", "of_package"]

#: Under which a package's metadata has the threshold that was chosen by cost.
CHOSEN: Final = "threshold"

_STRATEGIES: Final[Mapping[Task, type[Strategy]]] = {
    Task.BINARY_CLASSIFICATION: Binary,
    Task.MULTICLASS_CLASSIFICATION: Multiclass,
    Task.REGRESSION: Regression,
}


def of(contract: Contract, *, threshold: float | None = None) -> Strategy:
    """The strategy of a contract's task; `threshold` in place of the contract's, where the task has one."""
    return _STRATEGIES[contract.task](contract, contract.threshold if threshold is None else threshold)


def of_package(contract: Contract, metadata: Mapping[str, Any], *, threshold: float | None = None) -> Strategy:
    """That of a model package, for whoever decides by it: evaluation, service and batches.

    It decides at `threshold`, else at the one that training has chosen by the contract's cost, else at the contract's.
    ValueError if the package lacks the chosen one.
    """
    if threshold is None and contract.cost is not None:
        threshold = metadata.get(CHOSEN)
        if isinstance(threshold, bool) or not isinstance(threshold, float) or not 0 < threshold < 1:
            raise ValueError(
                f"metadata.json: {CHOSEN} {threshold!r} is found; a contract with `cost` needs a number above 0 and "
                "below 1, which the training job chooses; train the model again"
            )
    return of(contract, threshold=threshold)
