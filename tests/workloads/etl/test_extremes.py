"""What validation accepts, every later step can handle: the largest numbers, integers beyond 2**53, values that are
all but equal.
"""

from __future__ import annotations

import json
import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from contracts.schema import Column, ColumnType
from tests.workloads import toy
from tests.workloads.validation.delivered import NOW
from workloads.drift import baseline, monitor_files
from workloads.etl.embedded import run
from workloads.features.model_matrix import matrix
from workloads.validation import Status, validate

CONTRACT = toy.contract(
    (Column(name="x", type=ColumnType.NUMBER), Column(name="n", type=ColumnType.INTEGER)),
    {"fx": "x * 2", "fn": "n", "x": "x"},
    entity=ColumnType.STRING,
)
LARGEST = "1.7976931348623157e308"
NUMBERS: dict[str, tuple[list[str], list[str]]] = {
    "one 1e308": (["1", "2.5", "1e308"], ["1", "2", "3"]),
    "the largest of both signs": ([LARGEST, f"-{LARGEST}"], ["9223372036854775807", "-9223372036854775808"]),
    "1e200 among small ones": (["1e200", "5e-324", "-1e-300", "0"], ["0", "1"]),
    "one integer beyond 2**53": (["1", "2"], ["9007199254740993", "7"]),
    "all but equal": (["1e16", "10000000000000002"], ["9007199254740993", "9007199254740995"]),
    "all but equal and huge": ([LARGEST, "1.7976931348623155e308"], ["4611686018427387904", "4611686018427387905"]),
    "all equal": (["1e308"], ["9223372036854775807"]),
    "denormal": (["5e-324", "1e-323"], ["0"]),
}


def deliver(directory: Path, numbers: list[str], integers: list[str]) -> Any:
    lines = ["id,at,x,n,y"]
    for index in range(300):
        at = f"{NOW - timedelta(days=3, minutes=index):%Y-%m-%dT%H:%M:%SZ}"
        lines.append(
            f"e{index},{at},{numbers[index % len(numbers)]},{integers[index % len(integers)]},{index // 7 % 2}"
        )
    path = directory / "day.csv"
    path.write_text("\n".join(lines))
    first = validate(path, CONTRACT, output=directory / "first", now=NOW)
    return validate(path, CONTRACT, output=directory / "accepted", now=NOW, previous=first.summary)


@pytest.mark.parametrize(("numbers", "integers"), NUMBERS.values(), ids=list(NUMBERS))
def test_every_step_to_the_baseline_handles_what_validation_accepts(
    tmp_path: Path, numbers: list[str], integers: list[str]
) -> None:
    verdict = deliver(tmp_path, numbers, integers)
    assert (verdict.status, verdict.accepted) == (Status.ACCEPTED, 300)
    json.dumps(verdict.to_dict(), allow_nan=False)
    run(tmp_path / "accepted", CONTRACT, tmp_path / "out")
    train = tmp_path / "out" / "train"
    made = baseline.build(train, CONTRACT)
    statistics, constraints = monitor_files.build(train, CONTRACT)
    json.dumps([made, statistics, constraints], allow_nan=False)
    rows = made["rows"]
    for feature in statistics["features"]:
        buckets = feature["numerical_statistics"]["distribution"]["kll"]["buckets"]
        assert sum(bucket["count"] for bucket in buckets) == rows
    given = pq.read_table(train).column("x").to_numpy()
    figures = statistics["features"][0]["numerical_statistics"]
    assert (figures["min"], figures["max"]) == (given.min(), given.max())
    assert given.min() <= figures["mean"] <= given.max()
    assert math.isclose(
        figures["mean"], math.fsum(given / rows), rel_tol=1e-9, abs_tol=max(5e-324, 1e-12 * np.abs(given).max())
    )
    assert np.isfinite(matrix(pq.read_table(train), CONTRACT)).all()


def test_a_fraction_beyond_2_to_the_53_is_no_whole_number(tmp_path: Path) -> None:
    verdict = deliver(tmp_path, ["1"], [*["7"] * 59, "9007199254740993.5"])
    assert verdict.reasons == {"wrong_type": 5}
    assert verdict.faults[0].example == "n is 9007199254740993.5; it must be a whole number"
