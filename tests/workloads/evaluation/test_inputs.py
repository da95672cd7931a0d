"""The contract's inputs as numbers, and the rows that requests say of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from contracts.schema import Column, ColumnType
from tests.workloads import toy
from workloads.evaluation.inputs import Inputs, lines
from workloads.inference.reader import Reader

COLUMNS = (
    Column(name="count", type=ColumnType.INTEGER, nullable=True, minimum=0, maximum=10),
    Column(name="amount", type=ColumnType.NUMBER),
    Column(name="plan", type=ColumnType.STRING, nullable=True),
    Column(name="member", type=ColumnType.BOOLEAN, nullable=True),
    Column(name="since", type=ColumnType.TIMESTAMP, nullable=True),
)
CONTRACT = toy.contract(COLUMNS, {"amount": "amount"})
SINCE = datetime(2026, 2, 3, 4, 5, 6, 789_001, tzinfo=UTC)
ROWS = pa.table(
    {
        "count": pa.array([None, 3], pa.int64()),
        "amount": [0.1, -2.5],
        "plan": pa.array(["pro", None], pa.string()),
        "member": pa.array([True, None], pa.bool_()),
        "since": pa.array([SINCE, None], pa.timestamp("us", "UTC")),
    }
)


@pytest.fixture
def inputs() -> Inputs:
    return Inputs.of(CONTRACT, ROWS)


def test_every_type_comes_back_as_a_request_has_it(inputs: Inputs) -> None:
    matrix = inputs.matrix(ROWS)
    assert matrix.dtype == np.float64
    assert inputs.rows(matrix) == [
        {"count": None, "amount": 0.1, "plan": "pro", "member": True, "since": "2026-02-03T04:05:06.789001+00:00"},
        {"count": 3, "amount": -2.5, "plan": None, "member": None, "since": None},
    ]


def test_what_the_contract_refuses_is_never_asked(inputs: Inputs) -> None:
    """A column that may not be missing, an integer that was moved, and one that left its range."""
    matrix = np.full((3, 5), np.nan)
    matrix[1:, 0] = [2.6, 10.4]
    assert [(row["count"], row["amount"]) for row in inputs.rows(matrix)] == [(None, 0.1), (3, 0.1), (10, 0.1)]


def test_the_largest_integers_are_asked_as_integers_of_64_bits(inputs: Inputs) -> None:
    """As a feature of its own name a column is float64, which has 2**63 - 1 as 2**63."""
    unbounded = replace(inputs, columns=(Column(name="count", type=ColumnType.INTEGER),), usual=np.zeros(1))
    matrix = np.array([[2.0**63], [-(2.0**63)], [2.0**53 + 2], [-0.0]])
    assert [row["count"] for row in unbounded.rows(matrix)] == [2**63 - 1, -(2**63), 2**53 + 2, 0]


def test_lines_are_in_the_contracts_order_without_a_header(inputs: Inputs) -> None:
    rows = inputs.rows(inputs.matrix(ROWS))
    assert lines(rows, CONTRACT) == b",0.1,pro,true,2026-02-03T04:05:06.789001+00:00\n3,-2.5,,,\n"


def test_lines_have_numbers_as_files_of_the_contract_do(inputs: Inputs) -> None:
    """And moments with their offset, which are read in any form."""
    forms = {"amount": {"decimal": ",", "thousands": "."}, "since": {"format": "%d.%m.%Y"}}
    columns = tuple(replace(column, **forms.get(column.name, {})) for column in CONTRACT.columns)
    its = replace(CONTRACT, columns=columns)
    body = lines(inputs.rows(inputs.matrix(ROWS)), its)
    assert body == b',"0,1",pro,true,2026-02-03T04:05:06.789001+00:00\n3,"-2,5",,,\n'
    read = Reader(its, max_rows=10).csv(body, header=False)
    assert [list(row)[:4] for row in read.values] == [[None, 0.1, "pro", True], [3, -2.5, None, None]]
