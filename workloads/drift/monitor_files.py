"""statistics.json and constraints.json for SageMaker's data-quality monitor, without its analyzer image.

They are about the raw inputs of the contract, because that is what captured requests carry, and about the model's
answer, under the name of the label; a column of which requests may hold delivered texts too (the contract's `values`)
is held to no type, and to those texts as well. Layouts: SageMaker developer guide, "Schema for Statistics
(statistics.json file)" and "Schema for Constraints (constraints.json file)".

`build` makes them of the training data, `write` completes them once there is a model: with its answers, the columns
sorted by name, and with the script that makes rows of just these columns out of captures (`record_preprocessor`).
"""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from contracts import encodings, numerals, preamble, texts
from contracts.schema import Column, ColumnType, Contract, Task
from workloads import tasks
from workloads.drift import columns, record_preprocessor
from workloads.job import UserError

BUCKETS = 10  # the guide: "the distribution is materialized in 10 buckets"
SKETCH_SIZE = 2048  # the analyzer's KLL parameter k, and its c
SKETCH_SHRINK = 0.64
MAX_DOMAIN = 20  # distinct texts up to which a column is held to the values seen
STATISTICS, CONSTRAINTS, PREPROCESSOR = "statistics.json", "constraints.json", "record_preprocessor.py"
_NUMERIC = {ColumnType.INTEGER: "Integral", ColumnType.NUMBER: "Fractional"}


def build(directory: Path, contract: Contract) -> tuple[dict[str, Any], dict[str, Any]]:
    """Statistics and constraints of the raw inputs in the Parquet files below `directory`.

    Reads some columns at a time, as `columns` does. Raises UserError when an input is missing.
    """
    files = sorted(directory.rglob("*.parquet"))
    names = set(pq.read_schema(files[0]).names)
    if lacking := [column.name for column in contract.inputs if column.name not in names]:
        raise UserError(f"--data: {files[0].name} lacks the inputs {', '.join(lacking)}; run ETL with this contract")
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    inputs = {column.name: column for column in contract.inputs}
    described = [_describe(inputs[name], parts) for name, parts in columns.each(files, list(inputs), rows)]
    statistics = {"version": 0.0, "dataset": {"item_count": rows}, "features": [item[0] for item in described]}
    constraints = {
        "version": 0.0,
        "features": [item[1] for item in described],
        "monitoring_config": _monitoring_config(contract.drift.max_score),
    }
    return statistics, constraints


def write(training: Path, contract: Contract, answers: NDArray[np.float64], output: Path) -> None:
    """Complete the two files of `training` in `output`, and write the record preprocessor beside them.

    `answers` (n,) are the watched numbers of the model's answers to the test set (`Strategy.watched`).
    """
    statistics, constraints = (json.loads((training / name).read_text()) for name in (STATISTICS, CONSTRAINTS))
    made = of_model(statistics, constraints, contract, answers)
    for name, content in zip((STATISTICS, CONSTRAINTS), made, strict=True):
        (output / name).write_text(json.dumps(content, indent=1, allow_nan=False))
    (output / PREPROCESSOR).write_text(preprocessor(contract))


def of_model(
    statistics: Mapping[str, Any], constraints: Mapping[str, Any], contract: Contract, answers: NDArray[np.float64]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two files with the model's answer as one more column, sorted by name as the analyzer sorts what it reads."""
    described = _answer(contract, answers)
    complete = [
        {**of_inputs, "features": sorted([*of_inputs["features"], entry], key=lambda feature: feature["name"])}
        for of_inputs, entry in zip((statistics, constraints), described, strict=True)
    ]
    return complete[0], complete[1]


def _answer(contract: Contract, answers: NDArray[np.float64]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The entries of the answer: a probability, a number, or of many classes the class, by what they are called."""
    label = Column(name=contract.label, type=ColumnType.NUMBER)
    if contract.task is Task.REGRESSION:
        statistics, constraint = _numeric(label, answers)
        constraint.pop("num_constraints", None)  # that no answer to the test set was negative forbids none
        return statistics, constraint
    if contract.task is Task.BINARY_CLASSIFICATION:
        return _numeric(replace(label, minimum=0), answers)
    classes = [contract.classes[int(position)] for position in answers]
    if all(isinstance(name, int) for name in contract.classes):
        numbers = replace(label, type=ColumnType.INTEGER, minimum=min(map(float, contract.classes)))
        return _numeric(numbers, np.asarray(classes, dtype=np.float64))
    named = replace(label, type=ColumnType.STRING, allowed=contract.classes)
    return _text(named, pa.chunked_array([pa.array(list(map(str, classes)), pa.string())]))


def preprocessor(contract: Contract) -> str:
    """The text of `record_preprocessor` with the facts of the contract at its end."""
    sources = {column.source.strip(): column.name for column in contract.columns if column.source}
    facts = {
        "answer": contract.label,
        "field": tasks.of(contract).fields[0],
        "classes": {str(name): name for name in contract.classes}
        if contract.task is Task.MULTICLASS_CLASSIFICATION
        else {},
        "encoding": contract.encoding or encodings.UTF_8,
        "delimiters": preamble.DELIMITERS,
        "blanks": texts.BLANKS,
        "known": [column.name for column in contract.columns],
        "sources": sources,
        "columns": [_facts(column) for column in contract.inputs],
    }
    return f"{inspect.getsource(record_preprocessor)}\n\nFACTS.update(json.loads({json.dumps(facts)!r}))\n"


def _facts(column: Column) -> dict[str, Any]:
    """How texts of a column are read: see `contracts.texts`."""
    return {
        "name": column.name,
        "type": column.type.value,
        "marks": sorted(texts.marks(column)),
        "missing_numbers": sorted(texts.missing_numbers(column)),
        "values": texts.translation(column),
        "signs": numerals.signs(column),
    }


def _describe(column: Column, parts: columns.Parts) -> tuple[dict[str, Any], dict[str, Any]]:
    """One column's entry in either file."""
    if column.type in _NUMERIC:
        return _numeric(column, columns.numbers(parts))
    return _text(column, columns.texts(parts))


def _numeric(column: Column, values: NDArray[np.float64]) -> tuple[dict[str, Any], dict[str, Any]]:
    present = np.sort(values[~np.isnan(values)])
    head: dict[str, Any] = {"name": column.name, "inferred_type": _NUMERIC[column.type] if present.size else "Unknown"}
    common = {"num_present": int(present.size), "num_missing": int(values.size - present.size)}
    figures: dict[str, Any] = {"common": common}
    constraint = _constraint(head, column) | {"completeness": _completeness(present.size, values.size)}
    if present.size:
        figures |= {
            **_moments(present),
            "min": float(present[0]),
            "max": float(present[-1]),
            "distribution": {"kll": {"buckets": _buckets(present), "sketch": _sketch(present)}},
        }
        lowest = column.minimum if column.minimum is not None else float(present[0])
        constraint["num_constraints"] = {"is_non_negative": lowest >= 0}
    return head | {"numerical_statistics": figures}, constraint


def _text(column: Column, values: pa.ChunkedArray[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    common, distinct = columns.commonest(values, MAX_DOMAIN)
    present = len(values) - values.null_count
    head = {"name": column.name, "inferred_type": "String" if column.type is not ColumnType.BOOLEAN else "Unknown"}
    figures = {
        "common": {"num_present": present, "num_missing": values.null_count},
        "distinct_count": float(distinct),
        "distribution": {"categorical": {"buckets": [{"value": value, "count": n} for value, n in common.items()]}},
    }
    constraint: dict[str, Any] = _constraint(head, column) | {"completeness": _completeness(present, len(values))}
    domain = [str(value) for value in column.allowed] or sorted(common)
    domain += [text for text, _ in column.values if text not in domain]
    is_whole = bool(column.allowed) or distinct <= MAX_DOMAIN
    if column.type is ColumnType.STRING and is_whole and len(domain) <= MAX_DOMAIN:
        constraint["string_constraints"] = {"domains": domain}
    return head | {"string_statistics": figures}, constraint


def _constraint(head: dict[str, Any], column: Column) -> dict[str, Any]:
    """The head of a constraint; the analyzer checks no type that is Unknown."""
    of_type = column.type is ColumnType.STRING or not column.values
    return head if of_type else head | {"inferred_type": "Unknown"}


def _completeness(present: int, rows: int) -> float:
    """The share of rows with a value, rounded down to whole per cent, so that chance alone does not violate it."""
    return math.floor(100 * present / rows) / 100


def _moments(present: NDArray[np.float64]) -> dict[str, float]:
    """Mean, sum and deviation of any finite values; a sum that no float64 holds is the largest one of its sign."""
    scale = _scale(present)
    scaled = present / scale
    total = float(scaled.sum()) * scale
    largest = float(np.finfo(np.float64).max)
    return {
        "mean": float(scaled.mean()) * scale,
        "sum": min(max(total, -largest), largest),
        "std_dev": float(scaled.std()) * scale,
    }


def _scale(values: NDArray[np.float64]) -> float:
    """A power of two, by which values can be divided without loss, so that their squares do not overflow."""
    return 2.0**600 if np.abs(values).max() > 1e150 else 1.0


def _buckets(present: NDArray[np.float64]) -> list[dict[str, float]]:
    """Equal widths from the smallest to the largest value; a half to each side of a single value.

    Of values that lie closer than float64 can divide, some buckets have no width and hold nothing.
    """
    scale = _scale(present)
    low, high = float(present[0]) / scale, float(present[-1]) / scale
    edges = np.linspace(*((low, high) if low < high else (low - 0.5 / scale, high + 0.5 / scale)), BUCKETS + 1)
    index = np.searchsorted(edges[1:-1], present / scale, side="right")
    counts = np.bincount(index, minlength=BUCKETS)
    bounds = (edges * scale).tolist()
    return [{"lower_bound": bounds[i], "upper_bound": bounds[i + 1], "count": float(counts[i])} for i in range(BUCKETS)]


def _sketch(present: NDArray[np.float64]) -> dict[str, Any]:
    """A KLL sketch of sorted values: level i holds values that stand for 2**i rows each.

    Every 2**i-th order statistic on one level is the sketch that loses least; a real one comes to it by chance
    (Karnin, Lang, Liberty, Optimal Quantile Approximation in Streams, 2016).
    """
    level = max(0, math.ceil(math.log2(present.size / SKETCH_SIZE)))
    step = 2**level
    data: list[list[float]] = [[] for _ in range(level)]
    data.append(present[step // 2 :: step].tolist())
    return {"parameters": {"c": SKETCH_SHRINK, "k": float(SKETCH_SIZE)}, "data": data}


def _monitoring_config(threshold: float) -> dict[str, Any]:
    return {
        "evaluate_constraints": "Enabled",
        "emit_metrics": "Enabled",
        "datatype_check_threshold": 1.0,
        "domain_content_threshold": 1.0,
        "distribution_constraints": {
            "perform_comparison": "Enabled",
            "comparison_threshold": threshold,
            "comparison_method": "Robust",
            "categorical_comparison_threshold": threshold,
            "categorical_drift_method": "LInfinity",
        },
    }
