"""Rows to train on: as CSV for the naive script, and as the data set that our ETL leaves, the same values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from contracts.schema import Column, ColumnType, Contract, Feature, Task, to_json
from workloads.engine import ROW_GROUP_ROWS, connect, literal

# ruff: noqa: S608 -- SQL here is made of what engine.literal quotes

FEATURES: Final = tuple(f"f{number:02}" for number in range(20))
LABEL: Final = "y"
#: How many of a hundred rows are of each part that a training job is given.
SHARES: Final = {"train": 85, "validation": 15}

CONTRACT: Final = Contract(
    name="bench",
    task=Task.BINARY_CLASSIFICATION,
    entity="id",
    event_time="at",
    label=LABEL,
    columns=(
        Column(name="id", type=ColumnType.INTEGER),
        Column(name="at", type=ColumnType.TIMESTAMP),
        *(Column(name=name, type=ColumnType.NUMBER, nullable=True) for name in FEATURES),
        Column(name=LABEL, type=ColumnType.INTEGER, allowed=(0, 1)),
    ),
    features=tuple(Feature(name=name, expression=name) for name in FEATURES),
)


def write(root: Path, rows: int) -> None:
    """An /opt/ml as a training job finds it below `root`, and beside it train.csv and validation.csv."""
    channels = root / "input" / "data"
    first = 0
    with connect(root) as connection:
        for part, share in SHARES.items():
            many = rows * share // 100
            (channels / part).mkdir(parents=True)
            target = channels / part / "part.parquet"
            options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS}"
            connection.execute(f"COPY ({_rows(first, first + many)}) TO {literal(target)} ({options})")
            connection.execute(
                f"COPY (SELECT {', '.join(FEATURES)}, {LABEL} FROM read_parquet({literal(target)})) "
                f"TO {literal(root / f'{part}.csv')} (FORMAT csv)"
            )
            first += many
    for channel, text in (("contract", to_json(CONTRACT)), ("manifest", json.dumps({"dataset_version": "bench"}))):
        (channels / channel).mkdir()
        (channels / channel / f"{channel}.json").write_text(text)


def _rows(first: int, end: int) -> str:
    """Numbers of four decimals, of the first three a tenth missing; the label follows six of them and chance."""
    features = [f"(hash(i * 64 + {number}) % 10000)::DOUBLE / 10000 AS {name}" for number, name in enumerate(FEATURES)]
    missing = [
        f"CASE WHEN hash(i * 64 + {40 + n}) % 10 > 0 THEN {name} END AS {name}" for n, name in enumerate(FEATURES[:3])
    ]
    likely = "4 * (f00 - 0.5) + 6 * (f01 - 0.5) * (f02 - 0.5) + 2 * sin(9 * f03) + (f04 > f05)::INTEGER - 0.5"
    return (
        f"SELECT i AS id, TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(i::DOUBLE) AS at, "
        f"{', '.join([*missing, *FEATURES[3:]])}, "
        f"((hash(i * 64 + 60) % 1000000) / 1000000.0 < 1 / (1 + exp(-({likely}))))::TINYINT AS {LABEL} "
        f"FROM (SELECT i, {', '.join(features)} FROM range({first}, {end}) AS numbers(i))"
    )
