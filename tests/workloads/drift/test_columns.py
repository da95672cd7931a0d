"""The baseline and the monitor's files of wide data: their work grows with the columns, and their memory does not."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.schema import Column, ColumnType, Contract
from tests.workloads import toy
from workloads.drift import baseline, columns, monitor_files

ROWS = 1000
KINDS = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.STRING, ColumnType.BOOLEAN)


def wide(width: int) -> Contract:
    """`width` inputs of every kind, of which each number is a feature."""
    names = [f"c{index}" for index in range(width)]
    return toy.contract(
        [Column(name=name, type=KINDS[index % 4], nullable=True) for index, name in enumerate(names)],
        {f"f{name}": name for name in names[::4]},
        entity=ColumnType.STRING,
    )


def write(directory: Path, contract: Contract) -> Path:
    """Two files of the training part, with missing values."""
    chance = np.random.default_rng(1)
    directory.mkdir()
    for part in range(2):
        numbers, gaps = chance.normal(size=ROWS // 2), chance.random(ROWS // 2) < 0.1
        of_kind = {
            ColumnType.NUMBER: pa.array(numbers, mask=gaps),
            ColumnType.INTEGER: pa.array(chance.integers(0, 9, ROWS // 2), mask=gaps),
            ColumnType.STRING: pa.array(chance.choice(["a", "b"], ROWS // 2), mask=gaps),
            ColumnType.BOOLEAN: pa.array(numbers > 0, mask=gaps),
        }
        table = {column.name: of_kind[column.type] for column in contract.inputs}
        table |= dict.fromkeys(contract.feature_names, of_kind[ColumnType.NUMBER])
        pq.write_table(pa.table({**table, "y": chance.integers(0, 2, ROWS // 2)}), directory / f"{part}.parquet")
    return directory


def _seconds(directory: Path, width: int) -> float:
    """The processor's, of both."""
    contract = wide(width)
    if not directory.exists():
        write(directory, contract)
    began = time.process_time()
    made = baseline.build(directory, contract)
    statistics, constraints = monitor_files.build(directory, contract)
    took = time.process_time() - began
    assert (made["rows"], len(made["features"])) == (ROWS, width // 4)
    assert len(statistics["features"]) == len(constraints["features"]) == width
    return took


def test_ten_times_the_columns_take_at_most_twelve_times_the_time(tmp_path: Path) -> None:
    """Of several pairs measured side by side one is enough: a neighbour disturbs some, the fault (80 times) each."""
    ratios: list[float] = []
    while not ratios or (min(ratios) > 12 and len(ratios) < 4):
        ratios.append(_seconds(tmp_path / "1000", 1000) / _seconds(tmp_path / "100", 100))
    assert min(ratios) <= 12, ratios


@pytest.mark.parametrize("held", [1, 3 * ROWS, 40 * ROWS])
def test_how_many_columns_are_held_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    contract = wide(40)
    directory = write(tmp_path / "data", contract)
    expected = baseline.build(directory, contract), monitor_files.build(directory, contract)
    monkeypatch.setattr(columns, "HELD", held)
    assert (baseline.build(directory, contract), monitor_files.build(directory, contract)) == expected


def test_as_many_columns_are_read_at_a_time_as_may_be_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = write(tmp_path / "data", wide(8))
    monkeypatch.setattr(columns, "HELD", 3 * ROWS)
    read: list[list[str]] = []

    class Counted(pq.ParquetFile):
        def read(self, columns: list[str]) -> pa.Table:  # pyright: ignore[reportIncompatibleMethodOverride]
            read.append(columns)
            return super().read(columns=columns)

    monkeypatch.setattr(pq, "ParquetFile", Counted)
    found = dict(columns.each(sorted(directory.iterdir()), [f"c{index}" for index in range(8)], ROWS))
    assert read == [[f"c{i}" for i in block] for block in ((0, 1, 2), (3, 4, 5), (6, 7)) for _ in range(2)]
    assert list(found) == [f"c{index}" for index in range(8)]
    assert [len(part) for part in found["c7"]] == [500, 500]
