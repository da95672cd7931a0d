"""Parquet directories as XGBoost matrices, one row group at a time: memory follows the bins, not the file."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xgboost as xgb

from contracts.schema import Contract
from workloads import parquet, tasks
from workloads.features import categories
from workloads.features.categories import Lists
from workloads.features.model_matrix import columns, matrix
from workloads.job import UserError
from workloads.training import cuts, external
from workloads.training.continued import Former, Sample
from workloads.training.hosts import ALONE, Hosts
from workloads.training.lists import learned

#: Rows as they lie in Parquet, their labels (n,), and how much each counts if not all alike.
Batch = tuple[pa.Table, np.ndarray[Any, Any], np.ndarray[Any, Any] | None]
#: What XGBoost is told of a row group: the arguments of its matrices.
Told = dict[str, Any]
#: A file, and the number of the row group in it.
RowGroup = tuple[Path, int]
#: The weight (classes,) of a row of each class; None: all rows count alike.
Weights = np.ndarray[Any, np.dtype[np.float32]] | None


@dataclass(frozen=True, kw_only=True)
class Part:
    """A directory of Parquet files, as this host learns from it: its share of each row group, files in name order."""

    directory: Path
    contract: Contract
    lists: Lists
    weights: Weights
    hosts: Hosts
    sample: Sample | None = None

    def batches(self) -> Iterator[Told]:
        """Row group by row group, decoded when it is asked for."""
        return map(self._batch, itertools.count(), _row_groups(self.directory))

    def held(self, threads: int) -> list[Told]:
        """All row groups, so many decoded at one time."""
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self._batch, itertools.count(), _row_groups(self.directory)))

    def _batch(self, number: int, group: RowGroup) -> Told:
        table, all_labels, counts = _decoded(number, group, self.contract, self.sample)
        share = self.hosts.share(len(all_labels))
        label = all_labels[share]
        weight = None if self.weights is None else self.weights[label.astype(int)]
        if counts is not None:
            weight = counts[share] if weight is None else weight * counts[share]
        return {
            "data": columns(table[share], self.contract, self.lists),
            "label": label,
            "feature_names": list(self.contract.feature_names),
            "feature_types": feature_types(self.contract),
            **({} if weight is None else {"weight": weight}),
        }

    def whole(self, threads: int, **options: Any) -> xgb.DMatrix:
        """A matrix of the values, not of their bins: larger, but built in a quarter of the time and scored faster."""
        batches = self.held(threads)
        told = {**batches[0], "data": pa.concat_tables(batch["data"] for batch in batches)}
        for name in {"label", "weight"} & told.keys():
            told[name] = np.concatenate([batch[name] for batch in batches])
        return xgb.DMatrix(**told, nthread=threads, **options)


class RowGroups(xgb.DataIter):
    """Feeds XGBoost a part. It asks for all row groups three times, or four where it looks for the bins itself.

    They are decoded each time where a directory `cache` takes the bins, since memory is short; else they are `held`.
    """

    def __init__(self, part: Part, *, held: list[Told] | None = None, cache: Path | None = None) -> None:
        self._part = part
        self._held = held
        self._batches = self._from_the_start()
        super().__init__(cache_prefix=None if cache is None else str(cache / part.directory.name), release_data=True)

    def next(self, input_data: Callable[..., Any]) -> bool:
        """Hand over the next row group; False at the end (the interface of xgboost.DataIter)."""
        for batch in self._batches:
            input_data(**batch)
            return True
        return False

    def reset(self) -> None:
        """Start again."""
        self._batches = self._from_the_start()

    def _from_the_start(self) -> Iterator[Told]:
        return self._part.batches() if self._held is None else iter(self._held)


def feature_types(contract: Contract) -> list[str]:
    """XGBoost's word for each feature: a category, or a quantity."""
    texts = categories.columns(contract)
    return ["c" if name in texts else "q" for name in contract.feature_names]


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
    """The training matrix and the validation matrix, rows of both with the weights of the training part; the lists of
    the categories, and how many bins a feature has at most. With a directory `cache` the bins of both lie there;
    without one those of the training part are in memory, and of the validation part the values. Where a `former` model
    is gone on from, the training matrix has a sample of its part, and the lists are its own.

    UserError if either has no rows or one class only, or lacks one of several.
    """
    for part in (train, validation):
        _check(part, contract)
    weights = class_weights(train, contract)
    lists = former.lists if former else learned(train, contract)
    learned_from, held_out = (
        Part(directory=directory, contract=contract, lists=lists, weights=weights, hosts=hosts)
        for directory in (train, validation)
    )
    if former:
        learned_from = dataclasses.replace(learned_from, sample=former.sample(contract))
    held = learned_from.held(threads) if cache is None else None
    reference, bins = None, cuts.BINS
    if former or external.rows(files(train)) >= cuts.ROWS:
        also = former.thresholds(contract) if former else {}
        # the same bins for all hosts, and whatever rows are drawn: then what is held is not all
        known = [batch["data"] for batch in held] if held and hosts == ALONE and not former else None
        values = cuts.of_files(files(train), contract, lists) if known is None else cuts.of_tables(known)
        rows = external.rows(files(train))
        reference, bins = cuts.reference(values, rows, contract, lists, feature_types(contract), threads, also)
    binning: Any = {"max_bin": bins, "nthread": threads, "enable_categorical": True}
    if cache is None:
        training = xgb.QuantileDMatrix(RowGroups(learned_from, held=held), ref=reference, **binning)
        return training, held_out.whole(threads, enable_categorical=True), lists, bins
    training = xgb.ExtMemQuantileDMatrix(RowGroups(learned_from, cache=cache), ref=reference, **binning)
    binned = xgb.ExtMemQuantileDMatrix(RowGroups(held_out, cache=cache), ref=training, **binning)
    return training, binned, lists, bins


def class_weights(directory: Path, contract: Contract) -> Weights:
    """The contract's weights of the classes; balanced ones are rows / (classes * rows of the class)."""
    if contract.class_weights is None:
        return None
    if contract.class_weights.weights:
        return np.array(contract.class_weights.weights, dtype=np.float32)
    counts = np.bincount(labels(directory, contract).astype(int))
    return (counts.sum() / (counts.size * counts)).astype(np.float32)


def labels(directory: Path, contract: Contract) -> np.ndarray[Any, Any]:
    """The label column of a directory, float32; infinite where that cannot hold it."""
    table = parquet.read(directory, [contract.label])
    with np.errstate(over="ignore"):
        return table.column(contract.label).to_numpy().astype(np.float32)


def _check(directory: Path, contract: Contract) -> None:
    found = files(directory)
    if not found:
        raise UserError(f"{directory.name}: no Parquet file in {directory}; run the ETL step on accepted data first")
    wanted = {contract.label, *contract.feature_names}
    for file in found:
        if lacking := wanted - set(pq.read_schema(file).names):
            raise UserError(f"{directory.name}: {file.name} lacks {sorted(lacking)}; it was made from another contract")
    task, values = tasks.of(contract), labels(directory, contract)
    told = np.unique(values) if task.classes or not len(values) else np.array([values.min(), values.max()])
    if fault := task.unlearnable(set(told.tolist())):
        raise UserError(f"{directory.name}: label {contract.label!r} {fault}")


def files(directory: Path) -> list[Path]:
    """All Parquet files of a directory, in name order."""
    return sorted(directory.rglob("*.parquet"))


def row_groups(
    directory: Path, contract: Contract, lists: Lists
) -> Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """The model matrix (n, features) and the labels (n,) of each row group of a directory, files in name order."""
    for number, group in enumerate(_row_groups(directory)):
        table, label, _ = _decoded(number, group, contract, None)
        yield matrix(table, contract, lists), label


def _row_groups(directory: Path) -> Iterator[RowGroup]:
    for path in files(directory):
        yield from ((path, index) for index in range(pq.read_metadata(path).num_row_groups))


def _decoded(number: int, group: RowGroup, contract: Contract, sample: Sample | None) -> Batch:
    """A row group, the `number`th of its directory, without the rows that a sample leaves out."""
    names = [*contract.feature_names, contract.label, *([sample.event_time] if sample else [])]
    path, index = group
    with pq.ParquetFile(path) as file:
        table, weights = file.read_row_group(index, columns=names), None
    if sample:
        weights = sample.weights(table, number)
        table, weights = table.filter(pa.array(weights > 0)), weights[weights > 0]
    return table, table.column(contract.label).to_numpy().astype(np.float32), weights
