"""Features that are constant, without a value, or that alone separate the label are told by name."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.schema import Feature, Task
from tests.workloads.drift.live import CHURN
from workloads.drift import baseline, screening

LABELS = np.arange(1000) % 3 == 0
NOISE = np.random.default_rng(5).normal(size=1000)
NAN = np.nan


@pytest.mark.parametrize(
    ("values", "auc"),
    [
        (LABELS.astype(float), 1.0),
        (-3.0 * LABELS, 1.0),
        (np.where(LABELS, NOISE + 100, NOISE), 1.0),
        (np.where(LABELS, NAN, NOISE), 1.0),
        (np.where(LABELS, NAN, 1.0), 1.0),
        (np.where(LABELS, 2.0, np.arange(1000) % 2 * 2 + 1.0), 1.0),  # 2 between 1 and 3
        (np.zeros(1000), 0.5),
        (np.full(1000, NAN), 0.5),
    ],
    ids=["copy", "the other way", "apart", "missing", "present", "one value of three", "constant", "all missing"],
)
def test_the_separation_of_one_feature(values: screening.Values, auc: float) -> None:
    assert screening.separation(values, LABELS.astype(float)) == auc


@pytest.mark.parametrize("class_", [LABELS, ~LABELS], ids=["positive", "negative"])
@pytest.mark.parametrize("sign", [1, -1])
def test_values_of_a_class_that_are_missing_now_and_then_join_it_at_either_end(class_: Any, sign: int) -> None:
    """Too many values to be told apart one by one, so that the missing ones have to be put where their class is."""
    values = sign * np.where(LABELS, NOISE + 100, NOISE)
    values[np.flatnonzero(class_)[:50]] = NAN
    assert screening.separation(values, LABELS.astype(float)) == 1.0


def test_a_good_feature_and_a_handful_of_rows_are_no_separation() -> None:
    assert screening.separation(NOISE + 2 * LABELS, LABELS.astype(float)) == pytest.approx(0.92, abs=0.03)
    assert screening.separation(LABELS[:20].astype(float), LABELS[:20].astype(float)) == 0.5


def test_the_baseline_names_the_features(tmp_path: Path) -> None:
    columns = {"same": np.zeros(1000), "never": np.full(1000, NAN), "leak": LABELS * 2.0, "good": NOISE}
    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    pq.write_table(table.append_column("churn_label", pa.array(LABELS.astype(np.int8))), tmp_path / "part-0.parquet")
    contract = dataclasses.replace(
        CHURN, features=tuple(Feature(name=name, expression="support_tickets") for name in columns)
    )
    assert baseline.build(tmp_path, contract)["warnings"] == [
        "feature same: it is 0 in every training row that has a value of it, so a model learns nothing from the value; "
        "compare its expression with the delivered values, or remove it from the contract",
        "feature never: no training row has a value of it; deliver its columns, or remove it from the contract",
        "feature leak: alone it separates churn_label (AUC 1.0000 on the training rows); if it is known only after the "
        "outcome, no request will have it: remove it from the contract",
    ]


def warned(values: Any, task: Task, labels: Any) -> list[str]:
    return list(screening.warnings("x", values, "y", task, labels))


def test_a_feature_that_orders_a_number_is_told_and_a_good_one_is_not() -> None:
    labels = 5 * NOISE + 40
    (told,) = warned(np.exp(NOISE), Task.REGRESSION, labels)  # another scale, the same order
    assert told.startswith(
        "feature x: alone it orders y (rank correlation 1.0000 on the training rows); if it is known"
    )
    assert len(warned(np.where(np.arange(1000) % 4 == 0, NAN, -NOISE), Task.REGRESSION, labels)) == 1
    noisy = NOISE + np.random.default_rng(6).normal(0, 0.3, 1000)
    assert warned(noisy, Task.REGRESSION, labels) == []
    assert warned(np.full(1000, NAN), Task.REGRESSION, labels) == [
        "feature x: no training row has a value of it; deliver its columns, or remove it from the contract"
    ]


def test_a_feature_that_separates_one_class_of_several_is_honest_and_a_copy_of_all_is_not() -> None:
    classes = (np.arange(1000) % 3).astype(np.float64)
    assert warned(np.where(classes == 0, NOISE + 100, NOISE), Task.MULTICLASS_CLASSIFICATION, classes) == []
    (told,) = warned(10.0 - classes, Task.MULTICLASS_CLASSIFICATION, classes)
    assert "alone it separates all classes of y (AUC 1.0000 on the training rows)" in told
