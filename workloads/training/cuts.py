"""Where a feature may be split: exact quantiles, one column at a time.

XGBoost finds them by a sketch of all columns at once, which costs as much as putting the rows into the bins. A sorted
column tells the same more exactly in an eighth of the time (850,000 x 20: 0.25 against 1.9 s of processors), so large
data is binned by a matrix that has nothing but the quantiles. Small data is left to the sketch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xgboost as xgb

from contracts.schema import Contract
from workloads.features import categories
from workloads.features.categories import Lists
from workloads.features.model_matrix import vectors
from workloads.training import external

#: From how many rows on it is worth a pass by column.
ROWS: Final = 200_000
#: Bins of a feature: XGBoost's default max_bin.
BINS: Final = 256
#: Bytes a row while a column is sorted: float32, and what tells it from its neighbour.
BYTES: Final = 5
#: The values (rows,) of a feature by its name, a copy that may be sorted.
Column = Callable[[str], np.ndarray[Any, np.dtype[np.float32]]]
#: Values of a feature, ascending.
Thresholds = Mapping[str, np.ndarray[Any, np.dtype[np.float32]]]


def reference(
    values: Column, rows: int, contract: Contract, lists: Lists, types: list[str], threads: int, also: Thresholds
) -> tuple[xgb.DMatrix, int]:
    """A matrix (quantiles, features) whose bins are those of so many rows, and the most that a feature may have.

    `values` are theirs of a feature; `also` are values of features at which a bin ends whatever the rows are.
    """

    def column(name: str) -> np.ndarray[Any, Any]:
        if name in categories.columns(contract):
            return np.arange(len(lists[name]), dtype=np.float32)
        found = quantiles(values(name))
        return np.union1d(found, also[name]) if name in also else found

    with ThreadPoolExecutor(external.at_once(threads, rows * BYTES, external.free())) as pool:
        columns = list(pool.map(column, contract.feature_names))
    table = np.full((max(1, *map(len, columns)), len(columns)), np.nan, dtype=np.float32)
    for index, ends in enumerate(columns):
        table[: len(ends), index] = ends
    bins = max(BINS, len(table)) if also else BINS
    options: Any = {"nthread": threads, "max_bin": bins, "enable_categorical": True}
    names = list(contract.feature_names)
    return xgb.QuantileDMatrix(table, feature_names=names, feature_types=types, **options), bins


def quantiles(values: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """At most BINS different values, ascending, the largest among them: all, or each the first of as many rows.

    NaN does not count. Sorts in place.
    """
    values.sort()
    known = values[: np.searchsorted(values, np.float32(np.nan))]  # NaN comes last
    different = np.ones(len(known), dtype=bool)
    np.not_equal(known[1:], known[:-1], out=different[1:])
    if np.count_nonzero(different) <= BINS:
        return known[different]
    # without the largest value its bin would end below it, and a split of that bin from missing ones would be wrong
    return np.unique(np.append(known[np.arange(BINS - 1) * len(known) // (BINS - 1)], known[-1]))


def of_tables(tables: Sequence[pa.Table]) -> Column:
    """The values of tables of float32 without null, one below the other."""
    return lambda name: np.concatenate([table.column(name).to_numpy() for table in tables])


def of_files(files: Sequence[Path], contract: Contract, lists: Lists) -> Column:
    """The values of Parquet files, in this order."""
    rows = external.rows(files)
    return lambda name: _read(files, rows, contract, name, lists)


def _read(files: Sequence[Path], rows: int, contract: Contract, name: str, lists: Lists) -> np.ndarray[Any, Any]:
    values, end = np.empty(rows, dtype=np.float32), 0
    for path in files:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=[name], use_threads=False)
                (vector,) = vectors(table, contract, [name], lists)
                values[end : end + len(vector)] = vector
                end += len(vector)
    return values
