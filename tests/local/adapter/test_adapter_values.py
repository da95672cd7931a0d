"""What is unknown, what is equal, what has changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.adapter.values import UNKNOWN, changed_keys, contains_unknown, same, without


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ('{"a": 1, "b": [2]}', '{"b":[2],"a":1}', True),
        ('{"a": [1, 2]}', '{"a": [2, 1]}', False),
        ("{not json", "{not  json", False),
        ("5", "5.0", False),
        (5, 5.0, True),
        (True, 1, False),
        (0, False, False),
        ({"a": 1, "b": None}, {"a": 1.0}, True),
        ([{"a": "{}"}], [{"a": "{ }"}], True),
        ([1], [1, 1], False),
        (None, "", False),
    ],
)
def test_equality_is_the_providers(left: Any, right: Any, equal: bool) -> None:
    assert same(left, right) is equal
    assert same(right, left) is equal


def test_what_changed_comes_in_order_and_what_is_gone_last() -> None:
    before = {"a": 1, "b": json.dumps({"x": 1}), "c": 3, "gone": 4}
    after = {"new": 1, "c": 4, "b": '{ "x": 1 }', "a": 1.0, "d": None}
    assert changed_keys(before, after) == ["new", "c", "gone"]


def test_an_unknown_value_counts_as_changed() -> None:
    assert changed_keys({"a": [1]}, {"a": [UNKNOWN]}) == ["a"]
    assert contains_unknown({"a": [{"b": UNKNOWN}]})
    assert not contains_unknown({"a": [{"b": "known"}]})


def test_parts_are_left_out_by_path_and_the_original_stays() -> None:
    inputs = {"store": {"ttl": 1, "key": 2}, "name": "x"}
    assert without(inputs, ["store.ttl", "name", "nothing.here"]) == {"store": {"key": 2}}
    assert inputs == {"store": {"ttl": 1, "key": 2}, "name": "x"}
