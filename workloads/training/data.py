"""Parquet directories as XGBoost matrices, one row group at a time: memory follows the bins, not the file."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xgboost as xgb

from contracts.schema import Contract
from workloads import tasks
from workloads.features import categories
from workloads.features.categories import Lists
from workloads.features.frame import matrix
from workloads.job import UserError
from workloads.training import cuts, external
from workloads.training.continued import Former, Sample
from workloads.training.hosts import ALONE, Hosts

#: The model matrix (n, features) of some rows, their labels (n,), and how much each counts if not all alike.
Batch = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any] | None]
#: The weight (classes,) of a row of each class; None: all rows count alike.
Weights = np.ndarray[Any, np.dtype[np.float32]] | None


class RowGroups(xgb.DataIter):
    """Feeds XGBoost this host's share of the row groups of all Parquet files of a directory, files in name order."""

    def __init__(
        self,
        directory: Path,
        contract: Contract,
        lists: Lists,
        weights: Weights = None,
        *,
        cache: Path | None = None,
        hosts: Hosts = ALONE,
        sample: Sample | None = None,
    ) -> None:
        self._directory, self._contract, self._lists, self._weights = directory, contract, lists, weights
        self._hosts, self._sample = hosts, sample
        self._batches = self._from_the_start()
        super().__init__(cache_prefix=None if cache is None else str(cache / directory.name), release_data=True)

    def next(self, input_data: Callable[..., Any]) -> bool:
        """Hand over the next row group; False at the end (the interface of xgboost.DataIter)."""
        for all_features, all_labels, counts in self._batches:
            share = self._hosts.share(len(all_labels))
            features, label = all_features[share], all_labels[share]
            weight = None if self._weights is None else self._weights[label.astype(int)]
            if counts is not None:
                weight = counts[share] if weight is None else weight * counts[share]
            weighted = {} if weight is None else {"weight": weight}
            input_data(
                data=features,
                label=label,
                feature_names=list(self._contract.feature_names),
                feature_types=feature_types(self._contract),
                **weighted,
            )
            return True
        return False

    def reset(self) -> None:
        """Start again: XGBoost goes through the data twice, for the quantiles and for the bins."""
        self._batches = self._from_the_start()

    def _from_the_start(self) -> Iterator[Batch]:
        return _batches(self._directory, self._contract, self._lists, self._sample)


def feature_types(contract: Contract) -> list[str]:
    """XGBoost's word for each feature: a category, or a quantity."""
    texts = categories.columns(contract)
    return ["c" if name in texts else "q" for name in contract.feature_names]


def learned(directory: Path, contract: Contract) -> Lists:
    """The lists of the categories: the contract's, or the texts of a directory, sorted. UserError for too many."""
    found = categories.declared(contract)
    for name in categories.columns(contract):
        if name not in found:
            table = pq.read_table(directory, columns=[name], partitioning=None)  # pyright: ignore[reportArgumentType] - annotated without its None
            found[name] = tuple(sorted(table.column(name).unique().drop_null().to_pylist()))
    for name, texts in found.items():
        if len(texts) > categories.MOST:
            raise UserError(
                f"{directory.name}: feature {name} has {len(texts)} different texts; at most {categories.MOST} are "
                "allowed of a category; group them before they are delivered, or take it out of the contract's features"
            )
    return found


def matrices(
    train: Path,
    validation: Path,
    contract: Contract,
    threads: int,
    *,
    cache: Path | None = None,
    hosts: Hosts = ALONE,
    former: Former | None = None,
) -> tuple[xgb.DMatrix, xgb.DMatrix, Lists, int]:
    """The training matrix and the validation matrix binned like it, rows of both with the weights of the training part;
    the lists of the categories, and how many bins a feature has at most. With a directory `cache` their bins lie there.
    Where a `former` model is gone on from, the training matrix has a sample of its part, and the lists are its own.

    UserError if either has no rows or one class only, or lacks one of several.
    """
    for part in (train, validation):
        _check(part, contract)
    weights = class_weights(train, contract)
    lists = former.lists if former else learned(train, contract)
    reference, bins = None, cuts.BINS
    if former or external.rows(files(train)) >= cuts.ROWS:
        also = former.thresholds(contract) if former else {}
        reference, bins = cuts.reference(files(train), contract, lists, feature_types(contract), threads, also)
    options: Any = {"nthread": threads, "enable_categorical": True, "max_bin": bins}
    kind = xgb.QuantileDMatrix if cache is None else xgb.ExtMemQuantileDMatrix
    sample = former.sample(contract) if former else None
    rows = RowGroups(train, contract, lists, weights, cache=cache, hosts=hosts, sample=sample)
    training = kind(rows, ref=reference, **options)
    held_out = kind(RowGroups(validation, contract, lists, weights, cache=cache, hosts=hosts), ref=training, **options)
    return training, held_out, lists, bins


def class_weights(directory: Path, contract: Contract) -> Weights:
    """The contract's weights of the classes; balanced ones are rows / (classes * rows of the class)."""
    if contract.class_weights is None:
        return None
    if contract.class_weights.weights:
        return np.array(contract.class_weights.weights, dtype=np.float32)
    counts = np.bincount(labels(directory, contract).astype(int))
    return (counts.sum() / (counts.size * counts)).astype(np.float32)


def labels(directory: Path, contract: Contract) -> np.ndarray[Any, Any]:
    """The label column of a directory, float32."""
    table = pq.read_table(directory, columns=[contract.label], partitioning=None)  # pyright: ignore[reportArgumentType] - annotated without its None
    return table.column(contract.label).to_numpy().astype(np.float32)


def _check(directory: Path, contract: Contract) -> None:
    found = files(directory)
    if not found:
        raise UserError(f"{directory.name}: no Parquet file in {directory}; run the ETL step on accepted data first")
    wanted = {contract.label, *contract.feature_names}
    for file in found:
        if lacking := wanted - set(pq.read_schema(file).names):
            raise UserError(f"{directory.name}: {file.name} lacks {sorted(lacking)}; it was made from another contract")
    if fault := tasks.of(contract).unlearnable(set(np.unique(labels(directory, contract)).tolist())):
        raise UserError(f"{directory.name}: label {contract.label!r} {fault}")


def files(directory: Path) -> list[Path]:
    """All Parquet files of a directory, in name order."""
    return sorted(directory.rglob("*.parquet"))


def row_groups(
    directory: Path, contract: Contract, lists: Lists
) -> Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """The model matrix (n, features) and the labels (n,) of each row group of a directory, files in name order."""
    for features, label, _ in _batches(directory, contract, lists, None):
        yield features, label


def _batches(directory: Path, contract: Contract, lists: Lists, sample: Sample | None) -> Iterator[Batch]:
    """Row group by row group, without the rows that a sample leaves out."""
    columns = [*contract.feature_names, contract.label, *([sample.event_time] if sample else [])]
    numbers = itertools.count()
    for path in files(directory):
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                table, weights = file.read_row_group(group, columns=columns), None
                if sample:
                    weights = sample.weights(table, next(numbers))
                    table, weights = table.filter(pa.array(weights > 0)), weights[weights > 0]
                label = table.column(contract.label).to_numpy().astype(np.float32)
                yield matrix(table, contract, lists), label, weights
