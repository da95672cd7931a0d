"""Dates as features: the same numbers from timestamps of every engine and from the texts of requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from contracts import loader
from contracts.moments import is_timestamp
from workloads.engine import connect
from workloads.features import frame, row, times

CONTRACT = loader.loads("""
name: visits
task: binary_classification
entity: id
event_time: {from: delivery}
label: y
columns:
  id: {type: integer}
  joined: {type: timestamp}
  seen: {type: timestamp, nullable: true}
  y: {type: integer, allowed: [0, 1]}
features:
  age: days_since(joined, "2020-02-29")
  stay: days_since(seen, joined)
  weekday: weekday(seen)
  month: month(seen)
  winter: equals(month(seen), 12) + equals(month(seen), 1)
""")
EDGES = [
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1900, 2, 28, 23, 59, 59, tzinfo=UTC),
    datetime(2000, 2, 29, 12, tzinfo=UTC),
    datetime(2100, 3, 1, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]


def moments(count: int) -> list[tuple[datetime, datetime | None]]:
    """Any of the calendar, most of our days, some missing."""
    rng = np.random.default_rng(6)
    span = int((datetime(9999, 12, 31, tzinfo=UTC) - datetime(1, 1, 1, tzinfo=UTC)).total_seconds())
    near = rng.integers(0, 10**9, count)
    far = rng.integers(0, span, count)
    first = datetime(2000, 1, 1, tzinfo=UTC)
    made = [first + timedelta(seconds=int(s), microseconds=int(s) % 10**6) for s in near]
    made += [datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=int(s)) for s in far]
    made += EDGES
    others: list[datetime | None] = [*made[1:], None]
    return list(zip(made, others, strict=True))


def texts(moment: datetime | None, index: int) -> str | None:
    """A moment as one of the forms that a request may hold."""
    if moment is None:
        return None
    if 1 < moment.year < 9999 and index % 3 == 0:
        return moment.astimezone(timezone(timedelta(minutes=(index % 56 - 28) * 30))).isoformat(" ")
    return moment.isoformat().replace("+00:00", ("", "Z")[index % 2])


def table(pairs: list[tuple[datetime, datetime | None]]) -> pa.Table:
    stamp = pa.timestamp("us", "UTC")
    return pa.table({"joined": pa.array([a for a, _ in pairs], stamp), "seen": pa.array([b for _, b in pairs], stamp)})


def by_row(pairs: list[tuple[datetime, datetime | None]]) -> np.ndarray:
    compute = row.row_function(CONTRACT)
    found = [compute({"joined": texts(a, i), "seen": texts(b, i + 1)}) for i, (a, b) in enumerate(pairs)]
    return np.array(found)


def numbers(result: pa.Table) -> np.ndarray:
    return np.stack([result.column(name).to_numpy() for name in CONTRACT.feature_names], axis=1)


def test_pyarrow_and_duckdb_equal_rows_to_the_bit(tmp_path: Path) -> None:
    pairs = moments(1500)
    expected = by_row(pairs)
    np.testing.assert_array_equal(numbers(frame.with_features(table(pairs), CONTRACT)), expected)
    with connect(tmp_path) as connection:
        found = frame.with_features(connection.from_arrow(table(pairs)), CONTRACT).to_arrow_table()
    np.testing.assert_array_equal(numbers(found), expected)


@pytest.mark.spark
def test_spark_equals_rows(spark: Any) -> None:
    """Of our era: Spark's session gives Python no timestamps of the first years."""
    pairs = [(a, b) for a, b in moments(300) if a.year > 1900 and (b is None or b.year > 1900)]
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    schema = "number long, joined timestamp, seen timestamp"
    native = spark.createDataFrame([(i, a, b) for i, (a, b) in enumerate(pairs)], schema)
    collected = frame.with_features(native, CONTRACT).drop("joined", "seen").orderBy("number").collect()
    found = [[np.nan if item[name] is None else item[name] for name in CONTRACT.feature_names] for item in collected]
    np.testing.assert_array_equal(np.array(found), by_row(pairs))


@pytest.mark.parametrize(
    ("text", "days", "weekday", "month"),
    [
        ("1970-01-01", 0.0, 4.0, 1.0),
        ("1969-12-31 23:59:59.999999999", -1 / 86_400, 3.0, 12.0),
        ("2026-11-29T12:00:00Z", 20_786.5, 7.0, 11.0),
        ("2026-11-29T24:00", 20_787.0, 1.0, 11.0),
        ("2026-11-30T01:30+02:00", 20_786 + 84_600 / 86_400, 7.0, 11.0),
        ("2026-12-31 22:00-0300", 20_819 + 3_600 / 86_400, 5.0, 1.0),
        ("0001-01-01T00:00+05", -719_162 - 5 / 24, 7.0, 12.0),
        ("9999-12-31T24:00", 2_932_897.0, 6.0, 1.0),
    ],
)
def test_a_text_of_a_time_is_read_in_utc(text: str, days: float, weekday: float, month: float) -> None:
    assert times.days(text) == pytest.approx(days, abs=1e-9)
    assert (times.weekday(text), times.month(text)) == (weekday, month)


def test_every_legal_text_is_read() -> None:
    """All that the service lets pass: days and times of any form, fractions of one to nine digits, offsets."""
    rng, read = np.random.default_rng(8), 0
    for _ in range(5000):
        day = f"{rng.integers(1, 10_000):04}-{rng.integers(1, 13):02}-{rng.integers(1, 32):02}"
        end = rng.choice(["", ":00", ":00.0", ":00.000000000"])
        fraction = "." + "".join(map(str, rng.integers(0, 10, rng.integers(1, 10)).tolist()))
        clock = rng.choice([f"24:00{end}", "23:59", "00:00:07", f"12:30:59{fraction}"])
        zone = rng.choice(["", "Z", "+05", "-2330", "+14:00"])
        text = rng.choice([day, f"{day}T{clock}{zone}", f"{day} {clock}{zone}"])
        if is_timestamp(text):
            read += 1
            assert -719_164 < times.days(str(text)) < 2_932_899
            assert (1 <= times.weekday(str(text)) <= 7, 1 <= times.month(str(text)) <= 12) == (True, True)
    assert read > 4000
