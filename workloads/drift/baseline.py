"""The baseline: what the training data looked like, a histogram a feature, and later one of the model's scores.

    {"contract", "dataset_version", "rows", "features": {name: histogram}, "warnings": [text], "score": histogram}

`score` and `dataset_version` are absent until the evaluation adds them (`of_model`): the baseline is made before there
is a model, and of the files alone, which do not say what data set they are of (Spark writes no metadata of its own).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from contracts.schema import Contract
from workloads.drift import columns, screening
from workloads.drift.histogram import MAX_CATEGORIES, OTHER, Histogram
from workloads.features import categories
from workloads.job import UserError


def build(directory: Path, contract: Contract) -> dict[str, Any]:
    """The baseline of the Parquet files below `directory`, the training part of a data set.

    Reads some features at a time, as `columns` does. Raises UserError when there is no row or a feature is missing.
    """
    files = sorted(directory.rglob("*.parquet"))
    if not files:
        raise UserError(f"--data: no Parquet file in {directory}; run ETL first")
    names = set(pq.read_schema(files[0]).names)
    if lacking := [name for name in contract.feature_names if name not in names]:
        raise UserError(f"--data: {files[0].name} lacks the features {', '.join(lacking)}; run ETL with this contract")
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    if not rows:
        raise UserError(f"--data: no row in {directory}; run ETL on more data")
    labels = None
    if contract.label in names:
        ((_, found),) = columns.each(files, [contract.label], rows)
        labels = columns.numbers(found)
    of_texts = categories.columns(contract)
    features: dict[str, Any] = {}
    warnings: list[str] = []
    for name, parts in columns.each(files, contract.feature_names, rows):
        if name in of_texts:
            texts = columns.texts(parts)
            common, _ = columns.commonest(texts, MAX_CATEGORIES)
            histogram = Histogram.of_texts(common, present=len(texts) - texts.null_count, missing=texts.null_count)
            values = _positions(texts, histogram.texts)
        else:
            values = columns.numbers(parts)
            histogram = Histogram.of(values)
        features[name] = histogram.to_dict()
        warnings += screening.warnings(name, values, contract.label, contract.task, labels, histogram.texts)
    return {
        "contract": contract.name,
        "rows": rows,
        "features": features,
        "warnings": warnings,
    }


def _positions(texts: pa.ChunkedArray[Any], known: tuple[str, ...]) -> NDArray[np.float64]:
    """The position of each text (n,), OTHER of one that is not known, NaN where it is missing."""
    found = pc.index_in(texts, value_set=pa.array(known, pa.string()))  # pyright: ignore[reportAttributeAccessIssue]
    positions = found.fill_null(OTHER).cast(pa.float64()).to_numpy()
    return np.where(texts.is_null().to_numpy(), np.nan, positions)


def of_model(baseline: Mapping[str, Any], scores: ArrayLike, dataset_version: str) -> dict[str, Any]:
    """The baseline with the data set that its model was made of, and the reference distribution of the answers:
    `scores` (n,), a number each, on the test set."""
    score = Histogram.of(np.asarray(scores, dtype=np.float64)).to_dict()
    return {**baseline, "dataset_version": dataset_version, "score": score}


def histograms(baseline: Mapping[str, Any], contract: Contract) -> tuple[dict[str, Histogram], Histogram | None]:
    """The features' histograms in contract order, and the score's if there is one.

    Raises UserError when the baseline is of another contract's features.
    """
    features = {name: Histogram.from_dict(value) for name, value in baseline["features"].items()}
    if set(features) != set(contract.feature_names):
        raise UserError(
            f"--baseline: it has the features {', '.join(features)}; the contract has "
            f"{', '.join(contract.feature_names)}; give the baseline of the model that is live"
        )
    of_numbers = [name for name in categories.columns(contract) if features[name].quantiles]
    if of_numbers:
        raise UserError(
            f"--baseline: it has {', '.join(of_numbers)} as numbers, the contract as categories; give the baseline of "
            "the model that is live"
        )
    score = baseline.get("score")
    return {name: features[name] for name in contract.feature_names}, Histogram.from_dict(score) if score else None


def lists(baseline: Mapping[str, Any], contract: Contract) -> dict[str, tuple[str, ...]]:
    """The texts of categories that have a bin, in the order of their bins."""
    references, _ = histograms(baseline, contract)
    return {name: references[name].texts for name in categories.columns(contract)}
