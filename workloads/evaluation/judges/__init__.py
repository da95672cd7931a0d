"""How good a model is, one judge for each task: metrics with intervals, the comparison, the plots and the words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contracts.schema import Contract, Task
from workloads.evaluation.judges.binary import BinaryJudge
from workloads.evaluation.judges.judge import Judge
from workloads.evaluation.judges.multiclass import MulticlassJudge
from workloads.evaluation.judges.regression import RegressionJudge

__all__ = ["Judge", "of"]

_JUDGES: Final[Mapping[Task, type[Judge]]] = {
    Task.BINARY_CLASSIFICATION: BinaryJudge,
    Task.MULTICLASS_CLASSIFICATION: MulticlassJudge,
    Task.REGRESSION: RegressionJudge,
}


def of(contract: Contract, *, threshold: float | None = None) -> Judge:
    """The judge of a contract's task; `threshold` in place of the contract's, where the task has one."""
    return _JUDGES[contract.task](contract, contract.threshold if threshold is None else threshold)
