"""Groups of rows: all of them counted, the largest reported, in memory that does not grow with their number."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

from workloads.evaluation import segments


def reported(groups: segments.Groups) -> list[tuple[object, list[int]]]:
    return [(value, rows.tolist()) for value, rows in groups.reported()]


def test_groups_are_in_order_with_their_rows_and_what_is_missing_is_the_last() -> None:
    assert reported(segments.of(["b", None, "a", "b", None])) == [("a", [2]), ("b", [0, 3]), (None, [1, 4])]
    assert reported(segments.of([10.0, 2.0, 2.0])) == [(2.0, [1, 2]), (10.0, [0])]
    assert reported(segments.of([None, None])) == [(None, [0, 1])]
    assert segments.of(["a"]).left_out() is None


def test_zeros_of_both_signs_are_one_group_and_what_is_no_number_is_missing() -> None:
    assert reported(segments.of([0.0, -0.0, math.nan, None, 1.0])) == [(0.0, [0, 1]), (1.0, [4]), (None, [2, 3])]


def test_a_column_in_several_pieces_is_one_segment() -> None:
    column = pa.chunked_array([["b", "a"], ["a", None]])
    assert reported(segments.of(column)) == [("a", [1, 2]), ("b", [0]), (None, [3])]


def test_of_many_groups_the_largest_are_reported_and_the_rest_counted_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(segments, "MOST_GROUPS", 2)
    monkeypatch.setattr(segments, "MOST_NAMED", 2)
    groups = segments.of(["d", "b", "b", "c", "a", "c", "c", "e", "e"])
    assert reported(groups) == [("b", [1, 2]), ("c", [3, 5, 6])]  # of "b" and "e" the first
    assert groups.left_out() == {"groups": 3, "rows": 4, "values": ["a", "d"]}


def test_two_thousand_groups_take_no_more_memory_than_ten() -> None:
    """One mask of all rows a group took 200 KB a group: 400 MB here."""
    peaks = list[int]()
    for count in (10, 2_000):
        column = pa.chunked_array([np.arange(200_000) % count])
        tracemalloc.start()
        groups = segments.of(column)
        assert sum(rows.size for _, rows in groups.reported()) == 200_000 * min(count, 100) / count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] < 15_000_000
