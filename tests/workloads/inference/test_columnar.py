"""Parquet over HTTP."""

from __future__ import annotations

import datetime
import io
import re
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xgboost as xgb

from contracts import loader
from tests.workloads.inference import serving
from tests.workloads.inference.serving import Answer, Running
from workloads.features import frame, model_matrix
from workloads.inference import columnar
from workloads.inference.errors import Refused
from workloads.inference.reader import Reader

KIND = "application/vnd.apache.parquet"
CONTRACT = loader.load(serving.CHURN)
READER = Reader(CONTRACT, max_rows=1000)


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def post(service: Running, body: bytes, **headers: str) -> Answer:
    return service.request("POST", "/invocations", body, content_type=KIND, **headers)


def test_scores_are_those_of_training(service: Running, booster: xgb.Booster) -> None:
    table, _ = serving.customers(2500, seed=31)
    table = table.append_column("customer_id", pa.array([f"C-{n}" for n in range(table.num_rows)]).dictionary_encode())
    expected = booster.inplace_predict(model_matrix.matrix(frame.with_features(table, CONTRACT), CONTRACT)).tolist()
    answer = post(service, parquet(table))
    assert answer.headers["content-type"] == "text/csv"
    assert [float(line.split(b",")[0]) for line in answer.body.splitlines()] == expected
    predictions = post(service, parquet(table), accept="application/json").json["predictions"]
    assert [p["score"] for p in predictions] == expected
    assert predictions[7]["customer_id"] == "C-7"


def test_nan_is_missing(service: Running) -> None:
    volumes = pa.array([float("nan"), None, 3.5])
    lines = post(service, parquet(pa.table({"transaction_volume": volumes}))).body.splitlines()
    assert lines[0] == lines[1] != lines[2]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"support_tickets": [1, 2000]}, "row 1, field 'support_tickets': 2000 is found, allowed is "),
        ({"support_tickets": [1.5]}, "row 0, field 'support_tickets': 1.5 is found, allowed is an integer"),
        ({"support_tickets": ["1x"]}, "row 0, field 'support_tickets': \"1x\" is found, allowed is an integer"),
        (
            {"support_tickets": [[1]]},
            "field 'support_tickets': a column of the type list<element: int64> is found, allowed is an integer",
        ),
        ({"zip": [1]}, "field 'zip': an unknown field is found, allowed is user_tenure"),
        ({"support_ticket": [1], "transaction_volume": [2.0]}, "field 'support_ticket': an unknown field is found, "),
        (
            {"transaction_volume": [datetime.datetime(2026, 1, 1)]},
            "row 0, field 'transaction_volume': \"2026-01-01T00:00:00\" is found, allowed is a number",
        ),
    ],
)
def test_rows_against_the_contract(service: Running, table: dict[str, list[object]], message: str) -> None:
    answer = post(service, parquet(pa.table(table)))
    assert answer.status == 422
    assert answer.error["message"].startswith(message)


def test_what_is_no_parquet(service: Running) -> None:
    whole = parquet(pa.table({"support_tickets": [1, 2, 3]}))
    for body in (b"", b"PAR1", b"PAR1PAR1", whole[:-1], whole[: len(whole) // 2], whole[4:]):
        answer = post(service, body)
        assert (answer.status, answer.error["code"]) == (400, "malformed_body"), body
        assert answer.error["message"].startswith("the body is no Parquet file: ")


def test_damaged_files_are_refused_or_scored(service: Running) -> None:
    table, _ = serving.customers(50)
    whole = parquet(table)
    rng = np.random.default_rng(3)
    for _ in range(150):
        body = bytearray(whole)
        for _ in range(3):
            body[rng.integers(len(body))] = rng.integers(256)
        assert post(service, bytes(body)).status in (200, 400, 413, 422)
    assert service.request("GET", "/ping").status == 200
    assert "prediction failed" not in service.log.read_text()


@pytest.mark.parametrize("short", ["read_schema", "ParquetFile"])
def test_a_machine_short_of_memory_is_no_fault_of_the_body(short: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No 400, which tells a client never to ask again: what is no refusal is answered with 500."""

    def fail(*_: object, **__: object) -> None:
        raise pa.ArrowMemoryError("malloc of size 4194304 failed")

    body = parquet(pa.table({"support_tickets": [1]}))
    monkeypatch.setattr(pq, short, fail)
    with pytest.raises(MemoryError):
        columnar.read(body, READER)


def test_a_small_file_with_many_rows(service: Running) -> None:
    many = parquet(pa.table({"support_tickets": pa.array(np.zeros(100_000, np.int64))}))
    assert len(many) < 5_000
    answer = post(service, many)
    assert (answer.status, answer.error["code"]) == (413, "too_many_rows")


@pytest.mark.parametrize("encode", [pa.Array.dictionary_encode, lambda text: text])
def test_texts_that_repeat_are_counted_before_they_are_repeated(encode: Any) -> None:
    text = encode(pa.array(["x" * 1_000_000] * 300))
    small = parquet(pa.table({"customer_id": text, "support_tickets": [1] * 300}))
    assert len(small) < 200_000
    tracemalloc.start()
    with pytest.raises(Refused) as caught:
        columnar.read(small, READER)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert (caught.value.status, caught.value.code) == (413, "body_too_large")


def many() -> pa.Array:
    """Twenty million numbers in one list."""
    numbers = pa.array(np.zeros(20_000_000, np.int64))
    return pa.ListArray.from_arrays(pa.array([0, len(numbers)]), numbers)


def long(kind: pa.DataType) -> pa.Array:
    """A megabyte, three hundred times."""
    return pa.array([b"x" * 1_000_000] * 300, pa.binary(1_000_000)).cast(pa.binary()).cast(kind)


HUGE: list[tuple[str, Callable[[], pa.Array], dict[str, Any], str]] = [
    ("support_tickets", many, {}, "a column of the type list<element: int64> is found, allowed is an integer from 0"),
    (
        "support_tickets",
        lambda: pa.StructArray.from_arrays([many()], ["x"]),
        {},
        "a column of the type struct<x: list<element: int64>> is found, allowed is an integer from 0 to 1000, or null",
    ),
    ("support_tickets", lambda: long(pa.binary()), {}, "a column of the type binary is found, allowed is an integer"),
    (
        "support_tickets",
        lambda: pa.array([b"x" * 1_000_000] * 300, pa.binary(1_000_000)),
        {},
        "a column of the type fixed_size_binary[1000000] is found, allowed is an integer",
    ),
    ("customer_id", lambda: long(pa.large_string()), {}, "at most 67108864 are allowed; split the request"),
    (
        "customer_id",
        lambda: long(pa.string()),
        {"use_dictionary": False, "column_encoding": {"customer_id": "DELTA_BYTE_ARRAY"}},
        "values stored as DELTA_BYTE_ARRAY is found, allowed is PLAIN or RLE_DICTIONARY",
    ),
]


@pytest.mark.parametrize(("name", "column", "options", "message"), HUGE)
def test_a_small_file_whose_column_stands_for_a_great_deal_is_refused_before_it_is_read(
    name: str, column: Callable[[], pa.Array], options: dict[str, Any], message: str
) -> None:
    sink = io.BytesIO()
    cells = column()
    pq.write_table(pa.table({name: cells, "transaction_volume": pa.nulls(len(cells), pa.float64())}), sink, **options)
    body = sink.getvalue()
    assert len(body) < 6_000_000
    usual = pa.default_memory_pool()
    counted = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(counted)
    try:
        with pytest.raises(Refused, match=re.escape(message)):
            columnar.read(body, READER)
    finally:
        pa.set_memory_pool(usual)
    assert counted.max_memory() < (50_000_000 if name == "customer_id" else 1_000_000)


def test_a_small_file_with_large_columns() -> None:
    small = parquet(
        pa.table({"customer_id": [f"{n}".ljust(300_000) for n in range(300)], "support_tickets": [1] * 300})
    )
    with pytest.raises(Refused) as caught:
        columnar.read(small, READER)
    assert (caught.value.status, caught.value.code) == (413, "body_too_large")
    assert caught.value.message.endswith("at most 67108864 are allowed; split the request")


def test_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Refused) as caught:
        columnar.read(b"", READER)
    assert caught.value.status == 415
    assert caught.value.message == (
        "Parquet needs pyarrow, which is not in this image; use application/json or text/csv"
    )
