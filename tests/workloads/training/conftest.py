from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts import schema
from contracts.schema import Column, ColumnType, Contract, Training
from tests.workloads import toy

ROWS = {"train": 3000, "validation": 800}


@pytest.fixture(scope="session")
def contract() -> Contract:
    return toy.contract(
        (Column(name="a", type=ColumnType.NUMBER, nullable=True), Column(name="b", type=ColumnType.NUMBER)),
        {"fa": "a", "fb": "b * 2"},
        training=Training(num_round=60, eta=0.3, max_depth=3, subsample=0.8, early_stopping_rounds=10, seed=3),
    )


def write_part(directory: Path, rows: int, seed: int, *, row_group: int = 500) -> None:
    """One split of a learnable problem with missing values, in several row groups."""
    random = np.random.default_rng(seed)
    fa, fb = random.normal(size=rows), random.normal(size=rows)
    label = (random.random(rows) < 1 / (1 + np.exp(-2 * fa + fb))).astype(np.int8)
    features = {"fa": pa.array(fa, mask=random.random(rows) < 0.1), "fb": pa.array(fb), "y": pa.array(label)}
    directory.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(features), directory / "part-0.parquet", row_group_size=row_group)


@pytest.fixture
def root(tmp_path: Path, contract: Contract) -> Path:
    """An /opt/ml as SageMaker lays it out for a training job."""
    data = tmp_path / "input" / "data"
    for seed, (part, rows) in enumerate(ROWS.items()):
        write_part(data / part, rows, seed)
    for channel, name, text in (
        ("contract", "contract.json", schema.to_json(contract)),
        ("manifest", "manifest.json", json.dumps({"dataset_version": "sha256:1234"})),
    ):
        (data / channel).mkdir()
        (data / channel / name).write_text(text)
    return tmp_path
