"""A contract of many columns of every kind, and a delivery of it."""

from __future__ import annotations

import csv
from pathlib import Path

from contracts.schema import Column, ColumnType, Contract
from tests.workloads import toy

_KINDS = (
    (ColumnType.NUMBER, {"minimum": 0, "maximum": 1e6}, lambda row: f"{row / 7:.3f}"),
    (ColumnType.INTEGER, {"minimum": 0}, str),
    (ColumnType.STRING, {"allowed": ("a", "b", "c")}, lambda row: "abc"[row % 3]),
    (ColumnType.BOOLEAN, {}, lambda row: ("true", "false")[row % 2]),
)


def contract(columns: int) -> Contract:
    """With `columns` columns: entity, event time, label, and all kinds of others."""
    others = [
        Column(name=f"c{index}", type=kind, nullable=True, **rules)  # pyright: ignore[reportArgumentType]
        for index in range(columns - 3)
        for kind, rules, _ in (_KINDS[index % 4],)
    ]
    return toy.contract(others, {"f": "c0"}, entity=ColumnType.STRING)


def write(path: Path, wide: Contract, rows: int) -> Path:
    """A CSV of `rows` rows; one in a hundred has a fault in every fourth column."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.name for column in wide.columns])
        for row in range(rows):
            cells = [_KINDS[index % 4][2](row) for index in range(len(wide.columns) - 3)]
            if row % 100 == 1:
                cells[1::4] = ["many"] * len(cells[1::4])
            writer.writerow([f"e{row}", "2026-11-01T00:00:00Z", *cells, row % 2])
    return path
