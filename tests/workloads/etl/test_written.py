"""What is told of a part that is read back, against counts of its rows one by one."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.schema import Contract
from tests.workloads.etl.accepted import START
from tests.workloads.tasks import problems
from workloads.etl.manifest import Part
from workloads.etl.transform import raw_columns
from workloads.etl.written import RepeatedError, Written, event_times, read_back

NUMBERED = problems.contract("numbered")
Row = tuple[str, int, int]  # entity, minute, label
ROWS = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 9), st.integers(0, 3)), unique_by=lambda row: row[:2])


def batches(rows: list[Row], cuts: list[int], contract: Contract, label: pa.DataType) -> list[pa.RecordBatch]:
    """The rows, sorted and cut behind each of `cuts`."""
    columns: dict[str, Any] = {name: pa.nulls(len(rows), pa.float64()) for name in raw_columns(contract)}
    rows = sorted(rows)
    columns[contract.entity] = pa.array([row[0] for row in rows], pa.string())
    times = [START + timedelta(minutes=row[1], microseconds=999_999) for row in rows]
    columns[contract.event_time] = pa.array(times, pa.timestamp("us", "UTC"))
    columns[contract.label] = pa.array([row[2] for row in rows], label)
    whole, bounds = pa.record_batch(columns), [0, *sorted(cuts), len(rows)]
    return [whole.slice(begin, end - begin) for begin, end in itertools.pairwise(bounds) if begin <= end]


def naive(rows: list[Row], classes: int) -> Part:
    of_class = [[row for row in rows if row[2] == value] for value in range(classes)]
    return Part(
        rows=len(rows),
        entities=len({row[0] for row in rows}),
        labels_differ=len({row[2] for row in rows}) > 1,
        entities_of=[len({row[0] for row in found}) for found in of_class],
        rows_of=[len(found) for found in of_class],
        quantiles=[] if classes else sorted(float(row[2]) for row in rows),
    )


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute, microseconds=999_999)


@given(rows=ROWS, cuts=st.lists(st.integers(0, 30), max_size=4))
def test_counts_are_those_of_the_rows_however_they_are_cut(rows: list[Row], cuts: list[int]) -> None:
    found = read_back(batches(rows, cuts, NUMBERED, pa.int8()), NUMBERED)
    if not rows:
        assert found is None
        return
    assert found is not None
    assert found.part == naive(rows, 4)
    assert (found.first, found.last) == (at(min(row[1] for row in rows)), at(max(row[1] for row in rows)))
    whole = read_back(batches(rows, [], NUMBERED, pa.int8()), NUMBERED)
    assert found == whole


@given(rows=ROWS.filter(bool), cuts=st.lists(st.integers(0, 30), max_size=4))
def test_of_labels_that_are_numbers_it_is_told_whether_they_differ(rows: list[Row], cuts: list[int]) -> None:
    contract = problems.contract("squared")
    found = read_back(batches(rows, cuts, contract, pa.float64()), contract)
    assert found is not None
    assert found.part == naive(rows, 0)


@given(rows=ROWS.filter(bool), cuts=st.lists(st.integers(0, 30), max_size=4), index=st.integers(0))
def test_a_row_that_repeats_another_is_found_wherever_batches_end(rows: list[Row], cuts: list[int], index: int) -> None:
    entity, minute, label = rows[index % len(rows)]
    with pytest.raises(RepeatedError, match="the same id and event_time occur more than once in a file"):
        read_back(batches([*rows, (entity, minute, 3 - label)], cuts, NUMBERED, pa.int8()), NUMBERED)


def test_events_are_told_in_whole_seconds() -> None:
    part = Part(rows=1, entities=1, labels_differ=False, entities_of=[], rows_of=[])
    one = Written(digest="", part=part, first=at(3), last=at(5))
    other = dataclasses.replace(one, first=at(1), last=at(4))
    assert event_times([one, other]) == ("2026-11-01T00:01:00Z", "2026-11-01T00:05:00Z")
