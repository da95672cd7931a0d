"""Two ways to one judgement: fast decoders and the search for faults, the quick CSV way and the slow one."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from contracts import loader
from contracts.schema import Column, ColumnType, Contract
from tests.workloads.features import rows as feature_rows
from tests.workloads.inference import serving
from workloads.inference.checks import Check
from workloads.inference.csv_reader import CsvReader
from workloads.inference.errors import Fault, Refused
from workloads.inference.reader import Reader

CHURN = loader.load(serving.CHURN)
EVERY_TYPE = feature_rows.contract(["count + amount", "fill(flag, 0)", 'equals(plan, "a")'])


def listed() -> Contract:
    """Lists of allowed values of each type, a required column, one that no feature uses."""
    columns = {
        "count": {"allowed": (1, 2, 5), "nullable": False},
        "amount": {"allowed": (0.5, 1.0, 2.0)},
        "plan": {"allowed": ("a", "b", "")},
        "rate": {"minimum": -1.5, "maximum": 2.5, "nullable": False},
    }
    changed = [dataclasses.replace(column, **columns.get(column.name, {})) for column in EVERY_TYPE.columns]
    extra = Column(name="seen", type=ColumnType.TIMESTAMP, nullable=True)
    return dataclasses.replace(EVERY_TYPE, columns=(*changed, extra))


CONTRACTS = {"churn": CHURN, "every type": EVERY_TYPE, "listed": listed()}
READERS = {name: Reader(contract, max_rows=50) for name, contract in CONTRACTS.items()}

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10),
    st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30, 600, 601, 1000, 1001, 10**6]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.5, 1.0, 2.0, -0.0, 1000000.0, 1000000.0000000001, 2.5, 2.5000000000000004]),
    st.text(max_size=5),
    st.sampled_from(["a", "b", "", "1", "null"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
)


def outcome(read: Any) -> Any:
    """What a reading gives: values that can be compared, or the refusal."""
    try:
        rows = read()
    except Refused as refusal:
        return refusal.status, refusal.code, refusal.faults
    return comparable(rows.values), rows.entities


def comparable(rows: Any) -> Any:
    # + 0.0: "-0" is an integer in JSON, and no rule looks at the sign of a zero
    return [[(type(value), value + 0.0 if isinstance(value, float) else value) for value in row] for row in rows]


@pytest.mark.parametrize("name", CONTRACTS)
@hypothesis.settings(max_examples=400, deadline=None, derandomize=True)
@hypothesis.given(data=st.data())
def test_the_decoder_and_the_checks_judge_alike(name: str, data: st.DataObject) -> None:
    """What the decoder takes the checks take, as the same values; otherwise the answer names the very faults."""
    reader = READERS[name]
    names = [check.name for check in (*reader.checks, reader.entity)]
    row = data.draw(st.dictionaries(st.sampled_from([*names, "unknown"]), VALUES, max_size=len(names) + 1))
    body = json.dumps(row).encode()
    expected = set[str]() if set(row) & {check.name for check in reader.checks} else set(row) - set(names)
    for check in (*reader.checks, reader.entity):
        if row.get(check.name) is not None:
            expected |= set() if legal(check, row[check.name]) else {check.name}
        elif not check.nullable:
            expected.add(check.name)
    decoded = reader._typed(body)
    if decoded is not None:
        assert not expected
        faults: list[Fault] = []
        values, _ = reader.record(row, Check.from_json, faults)
        assert (comparable(decoded.values), faults) == (comparable([values]), [])
        assert (reader.one(body) is not None) == isinstance(row, dict)
    if not expected:
        assert len(reader.json(body).values) == 1
        return
    with pytest.raises(Refused) as caught:
        reader.json(body)
    refusal = caught.value
    huge = any(isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**64 for value in row.values())
    if refusal.status == 422 or not huge:
        assert {fault.field for fault in refusal.faults} == expected


def legal(check: Check, value: Any) -> bool:
    try:
        check.from_json(value)
    except (ValueError, TypeError):
        return False
    return True


CELLS = st.one_of(
    st.sampled_from(["", "1", "14", "0", "-1", "2.5", "14.0", "1e3", "1E-3", "-0", "007", "+3", ".5", "5.", "1e400"]),
    st.sampled_from(["nan", "inf", "null", "true", "a", " 7", "7 ", '"7"', "1_0", "0x1", "9" * 25, "601", "1000000.1"]),
    st.integers(-3, 700).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


@pytest.mark.parametrize("name", ["churn", "every type", "listed"])
@hypothesis.settings(max_examples=400, deadline=None, derandomize=True)
@hypothesis.given(data=st.data())
def test_the_quick_csv_way_and_the_slow_one_agree(name: str, data: st.DataObject) -> None:
    reader = READERS[name]
    quick = CsvReader(reader.columns, max_rows=50)
    slow = CsvReader(reader.columns, max_rows=50)
    slow._fast = lambda text, layout: None
    width = len(reader.checks)
    lines = data.draw(st.lists(st.lists(CELLS, min_size=width - 1, max_size=width), min_size=1, max_size=4))
    hypothesis.assume(any(len(line) == width for line in lines))
    separator, ending = (
        data.draw(st.sampled_from(["\n", "\r\n", "\r"])),
        data.draw(st.sampled_from(["", "\n", "\r\n\r\n"])),
    )
    text = separator.join(",".join(line) for line in lines) + ending
    if data.draw(st.booleans()):
        names = data.draw(st.permutations([check.name for check in reader.checks]))
        text = ",".join(names) + separator + text
    body = text.encode()
    assert outcome(lambda: quick.read(body, header=None)) == outcome(lambda: slow.read(body, header=None))


def test_the_quick_way_is_taken() -> None:
    """So that the test above compares two ways, not one with itself."""
    reader = READERS["churn"].by_line
    assert reader._fast(b"1,2.5,3\n,,\r14,1e3,", reader.bare) == [(1, 2.5, 3), (None, None, None), (14, 1000.0, None)]
    assert reader._fast(b"1,2.5,x", reader.bare) is None
    every = READERS["every type"].by_line
    assert every._fast(b"1,2,3,1,1", every.bare) is None


@hypothesis.settings(max_examples=200, deadline=None, derandomize=True)
@hypothesis.given(
    items=st.lists(
        st.fixed_dictionaries(
            {
                "user_tenure_months": st.none() | st.integers(0, 600),
                "transaction_volume": st.none() | st.floats(0, 1e6),
                "support_tickets": st.none() | st.integers(0, 1000),
            }
        ),
        min_size=1,
        max_size=5,
    )
)
def test_json_and_csv_are_the_same_rows(items: list[dict[str, Any]]) -> None:
    reader = READERS["churn"]
    names = [check.name for check in reader.checks]
    text = "\n".join(",".join("" if value is None else repr(value) for value in map(row.get, names)) for row in items)
    from_csv = reader.rows(reader.csv(text.encode(), header=None))
    for body in (json.dumps(items), json.dumps({"instances": items})):
        from_json = reader.rows(reader.json(body.encode()))
        assert list(map(repr, from_json.values)) == list(map(repr, from_csv.values))


def test_a_reader_is_made_for_each_contract_of_the_project() -> None:
    for path in Path(serving.ROOT / "contracts").glob("*.yaml"):
        assert Reader(loader.load(path), max_rows=1).checks
