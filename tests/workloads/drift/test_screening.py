"""Features that are constant, without a value, or that alone separate the label are told by name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.schema import Feature
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


def test_a_good_feature_and_a_handful_of_rows_are_no_separation() -> None:
    assert screening.separation(NOISE + 2 * LABELS, LABELS.astype(float)) == pytest.approx(0.92, abs=0.03)
    assert screening.separation(LABELS[:20].astype(float), LABELS[:20].astype(float)) == 0.5


def test_the_baseline_names_the_features(tmp_path: Path) -> None:
    columns = {"same": np.zeros(1000), "never": np.full(1000, NAN), "leak": LABELS * 2.0, "good": NOISE}
    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    pq.write_table(table.append_column("churn_label", pa.array(LABELS.astype(np.int8))), tmp_path / "part-0.parquet")
    contract = dataclasses.replace(CHURN, features=tuple(Feature(name=name, expression="x") for name in columns))
    assert baseline.build(tmp_path, contract)["warnings"] == [
        "feature same: it is 0 in every training row that has a value of it, so a model learns nothing from the value; "
        "compare its expression with the delivered values, or remove it from the contract",
        "feature never: no training row has a value of it; deliver its columns, or remove it from the contract",
        "feature leak: alone it separates churn_label (AUC 1.0000 on the training rows); if it is known only after the "
        "outcome, no request will have it: remove it from the contract",
    ]
