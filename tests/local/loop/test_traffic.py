"""Traffic of any contract can be shifted, whatever its features are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.schema import Column, ColumnType, Contract
from local.loop import LoopError, traffic
from tests.workloads import toy

INPUTS = (
    Column(name="serial", type=ColumnType.INTEGER),
    Column(name="spend", type=ColumnType.NUMBER, nullable=True),
    Column(name="colour", type=ColumnType.STRING, nullable=True),
)


def contract(**features: str) -> Contract:
    return toy.contract(INPUTS, features)


@pytest.fixture
def accepted(tmp_path: Path) -> Path:
    """1000 rows: a serial number that no feature reads, a spend, and red for one row in ten."""
    number = np.arange(1000)
    colour = np.where(number % 10 == 0, "red", "blue")
    spend = pa.array(number % 100, pa.float64(), mask=number % 7 == 0)
    pq.write_table(pa.table({"serial": number, "spend": spend, "colour": colour}), tmp_path / "a.parquet")
    return tmp_path


@pytest.mark.parametrize(
    ("features", "end", "column", "common"),
    [
        (
            {"spend": "spend", "red": 'equals(colour, "red")'},
            "high spend",
            "spend",
            lambda value: value and value >= 79,
        ),
        ({"red": 'equals(colour, "red")'}, "high red", "colour", lambda value: value == "red"),
        ({"blue": 'equals(colour, "blue")'}, "low blue", "colour", lambda value: value == "red"),
        ({"absent": "missing(spend)"}, "high absent", "spend", lambda value: value is None),
    ],
)
def test_most_rows_come_from_one_end_of_a_feature(
    accepted: Path, features: dict[str, str], end: str, column: str, common: object
) -> None:
    bodies, most = traffic.shifted(accepted, contract(**features), 500, seed=1)
    rows = [json.loads(body) for body in bodies]
    assert most == end
    assert callable(common)
    assert sum(bool(common(row[column])) for row in rows) > 0.65 * len(rows)
    assert {row["serial"] for row in rows} < set(range(1000))  # real rows, each as it was accepted


def test_features_of_one_value_cannot_be_shifted(accepted: Path) -> None:
    with pytest.raises(
        LoopError, match="every feature of contract 'toy' has one value only: there is nothing to shift"
    ):
        traffic.shifted(accepted, contract(green='equals(colour, "green")', none="missing(serial)"), 10, seed=1)
