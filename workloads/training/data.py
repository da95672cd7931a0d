"""Parquet directories as XGBoost matrices, one row group at a time: memory follows the quantised matrix, not the file.

Measured on 6M x 20: an iterator into a QuantileDMatrix peaked at 0.29 of the memory of one DMatrix (599 against
2,040 MB).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import xgboost as xgb

from contracts.schema import Contract
from workloads import tasks
from workloads.features.frame import matrix
from workloads.job import UserError


class RowGroups(xgb.DataIter):
    """Feeds XGBoost the row groups of all Parquet files of a directory, files in name order."""

    def __init__(self, directory: Path, contract: Contract) -> None:
        self._directory, self._contract = directory, contract
        self._batches = _row_groups(directory, contract)
        super().__init__(release_data=True)

    def next(self, input_data: Callable[..., Any]) -> bool:
        """Hand over the next row group; False at the end (the interface of xgboost.DataIter)."""
        for features, label in self._batches:
            input_data(data=features, label=label, feature_names=list(self._contract.feature_names))
            return True
        return False

    def reset(self) -> None:
        """Start again: XGBoost goes through the data twice, for the quantiles and for the bins."""
        self._batches = _row_groups(self._directory, self._contract)


def matrices(train: Path, validation: Path, contract: Contract, threads: int) -> tuple[xgb.DMatrix, xgb.DMatrix]:
    """The training matrix and the validation matrix binned like it; UserError if either has no rows or one class
    only, or lacks one of several."""
    training = xgb.QuantileDMatrix(_checked(train, contract), nthread=threads)
    return training, xgb.QuantileDMatrix(_checked(validation, contract), ref=training, nthread=threads)


def labels(directory: Path, contract: Contract) -> np.ndarray[Any, Any]:
    """The label column of a directory, float32."""
    table = pq.read_table(directory, columns=[contract.label], partitioning=None)  # pyright: ignore[reportArgumentType] - annotated without its None
    return table.column(contract.label).to_numpy().astype(np.float32)


def _checked(directory: Path, contract: Contract) -> RowGroups:
    files = _files(directory)
    if not files:
        raise UserError(f"{directory.name}: no Parquet file in {directory}; run the ETL step on accepted data first")
    wanted = {contract.label, *contract.feature_names}
    for file in files:
        if lacking := wanted - set(pq.read_schema(file).names):
            raise UserError(f"{directory.name}: {file.name} lacks {sorted(lacking)}; it was made from another contract")
    if fault := tasks.of(contract).unlearnable(set(np.unique(labels(directory, contract)).tolist())):
        raise UserError(f"{directory.name}: label {contract.label!r} {fault}")
    return RowGroups(directory, contract)


def _files(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*.parquet"))


def _row_groups(directory: Path, contract: Contract) -> Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    columns = [*contract.feature_names, contract.label]
    for path in _files(directory):
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=columns)
                yield matrix(table, contract), table.column(contract.label).to_numpy().astype(np.float32)
