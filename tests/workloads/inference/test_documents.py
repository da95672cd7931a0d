"""Rows cut out of large JSON bodies are the rows that are in them; limits by what rows stand for."""

from __future__ import annotations

import dataclasses
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from contracts import loader
from contracts.schema import Column, ColumnType, Feature
from tests.workloads.inference import serving
from workloads.inference import csv_reader, documents, reader, scoring
from workloads.inference.errors import MAX_FAULTS, Fault, Refused
from workloads.inference.reader import Reader
from workloads.inference.rows import Rows

CHURN = loader.load(serving.CHURN)
ROW = {"user_tenure_months": 3, "transaction_volume": 2.5, "support_tickets": 4}
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
TEXTS = st.text(alphabet='{}[],:"\\ \n\u00e9\U0001f600', max_size=8)


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every body is a large one."""
    monkeypatch.setattr(documents, "WHOLE_BYTES", 40)


@hypothesis.settings(max_examples=300, deadline=None, derandomize=True)
@hypothesis.given(
    rows=st.lists(st.dictionaries(st.text(max_size=3) | TEXTS, SCALARS | TEXTS, max_size=3), max_size=6),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
    wrapped=st.booleans(),
)
def test_flat_rows_are_cut_out_as_they_are(
    rows: list[dict[str, Any]], indent: int | None, ascii_only: bool, wrapped: bool
) -> None:
    document = {"instances": rows} if wrapped else rows
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only) + " " * 1000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "WHOLE_BYTES", 1000)
        found, single = documents.rows_of(text.encode())
        assert (list(found), single) == (rows, False)


def rows_of(text: str) -> list[Any]:
    return list(documents.rows_of(text.ljust(80).encode())[0])


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize(
    ("text", "kept", "found", "allowed"),
    [
        ('[{"a":1},[2],{"a":3}]', [{"a": 1}], '[2],{"a":3}]...', "a row as an object of plain values"),
        ('[{"a":{"b":1}}]', [], '{"a":{"b":1}}]...', "a row as an object of plain values"),
        ('{"instances":[7]}', [], "7]}...", "a row as an object of plain values"),
        ('{"instances":[{}],"x":1}', [{}], "more than 'instances'", "'instances' alone"),
        (f'[{{"a":"{"x" * 40}"}}]', [], "a row of 48 bytes", "at most 40 where a value is not of its column's type"),
    ],
)
def test_what_ends_the_search(text: str, kept: list[Any], found: str, allowed: str) -> None:
    *rows, fault = rows_of(text)
    assert rows == kept
    assert fault == Fault(found=found, allowed=allowed)


@pytest.mark.usefixtures("cut")
def test_one_row_that_is_too_large_to_be_searched() -> None:
    with pytest.raises(Refused) as caught:
        rows_of('{"a":1}')
    assert caught.value.message == (
        "body: one row of 80 bytes is found, allowed is at most 40 where a value is not of its column's type"
    )


def test_a_bad_row_in_a_large_body_is_told_as_in_a_small_one() -> None:
    rows: list[dict[str, Any]] = [ROW] * 9000
    rows[8123] = ROW | {"support_tickets": -1, "transaction_volume": "x"}
    body = json.dumps(rows).encode()
    assert len(body) > 2 * documents.WHOLE_BYTES
    with pytest.raises(Refused) as caught:
        Reader(CHURN, max_rows=10_000).json(body)
    assert [(fault.row, fault.field, fault.found) for fault in caught.value.faults] == [
        (8123, "transaction_volume", '"x"'),
        (8123, "support_tickets", "-1"),
    ]


def test_a_large_body_is_not_decoded_as_a_whole() -> None:
    """Of a list of 3 letters that would make an object of 56 bytes."""
    body = b"[" + b"[]," * 500_000 + b"[]]"
    tracemalloc.start()
    try:
        rows, _ = documents.rows_of(body)
        assert isinstance(next(rows), Fault)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(body)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["rows", "CSV"])
def test_reading_ends_with_the_faults_that_are_told(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any) -> Any:
            nonlocal read
            read += 1
            return call(*arguments)

        return counting

    monkeypatch.setattr(csv_reader.Layout, "values", counted(csv_reader.Layout.values))
    monkeypatch.setattr(Reader, "record", counted(Reader.record))
    subject = Reader(CHURN, max_rows=1000)
    with pytest.raises(Refused, match=f"{MAX_FAULTS - 1} more"):
        if kind == "CSV":
            subject.csv(b"1,2,-3\n" * 1000, header=None)
        else:
            subject.table({"support_tickets": -3} for _ in range(1000))
    assert read == MAX_FAULTS


def test_rows_of_many_columns_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = tuple(Column(name=f"c{n}", type=ColumnType.NUMBER, nullable=True) for n in range(100))
    features = tuple(Feature(name=f"f{n}", expression=f"c{n}") for n in range(100))
    kept = tuple(c for c in CHURN.columns if c.name in ("customer_id", "event_time", "churn_label"))
    wide = dataclasses.replace(CHURN, columns=(*kept, *columns), features=features, segments=())
    monkeypatch.setattr(reader, "MAX_CELLS", 1000)
    narrow = Reader(wide, max_rows=100)
    assert len(narrow.json(b"[" + b"{}," * 9 + b"{}]").values) == 10
    bodies = (b"[" + b"{}," * 10 + b"{}]", b"[" + b"{}," * 10 + b'{"f":1}]')
    for body in bodies:
        with pytest.raises(Refused) as caught:
            narrow.json(body)
        assert (caught.value.status, caught.value.code) == (413, "too_many_rows")
    with pytest.raises(Refused) as caught:
        narrow.csv(b"c1\n" * 12, header=True)
    assert caught.value.message == "11 rows are found, at most 10 are allowed; split the request"
    assert Reader(wide, max_rows=5).max_rows == 5


def test_contributions_of_more_rows_than_an_answer_holds(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "MAX_CONTRIBUTIONS", 21)  # seven of a row: six features and the bias
    request = scoring.Request([(b"content-type", b"application/json")], b"contributions=true")
    assert app.answer(request, json.dumps([ROW] * 3).encode()).status == 200
    answer = app.answer(request, json.dumps([ROW] * 4).encode())
    assert (answer.status, json.loads(answer.body)["error"]["message"]) == (
        413,
        "contributions of 4 rows are asked for, at most 3 are allowed; split the request",
    )


@pytest.mark.parametrize(
    ("kind", "body", "small"),
    [
        (b"application/json", b"[" + b"{}," * 999 + b"{}]", True),
        (b"application/json", b"[" + b"{}," * 1001 + b"{}]", False),
        (b"application/json", b"[" + b"1," * 150_000 + b"1]", False),
        (b"text/csv", b"1,2,3\n" * 1000, True),
        (b"text/csv", b"1,2,3\r" * 1000, True),
        (b"text/csv", b"1,2,3\r" * 1001, False),
        (b"text/csv", b"1" * (256 * 1024 + 1), False),
        (b"application/vnd.apache.parquet", b"PAR1", False),
    ],
)
def test_what_is_scored_on_the_event_loop(app: Any, kind: bytes, body: bytes, small: bool) -> None:
    assert app.scorer.is_small(scoring.Request([(b"content-type", kind)]), body) is small


def test_rows_are_computed_in_chunks_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Reader(CHURN, max_rows=1000)
    raw = mine.json(json.dumps([ROW | {"support_tickets": n} for n in range(100)]).encode())
    whole: Rows = mine.rows(raw)
    monkeypatch.setattr(reader, "CHUNK_ROWS", 7)
    assert mine.rows(raw) == whole
