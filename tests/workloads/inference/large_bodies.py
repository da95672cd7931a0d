"""Bodies of the largest size that stand for as much work and memory as can be thought of, by name."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.parquet as pq

SIZE = 6 * 1024 * 1024
JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
ROW = '{"user_tenure_months":3,"transaction_volume":2.5,"support_tickets":4}'


def repeated(item: str, before: str = "[", between: str = ",", after: str = "]") -> bytes:
    """As often as there is room for it."""
    count = (SIZE - len(before) - len(after)) // (len(item) + len(between))
    return (before + between.join([item] * count) + after).encode()


def keys(text: str, before: str = "[{", after: str = "}]") -> bytes:
    """An object of as many different keys as there is room for."""
    return (before + ",".join(f'"{n:07x}":{text}' for n in range(SIZE // (11 + len(text)) - 2)) + after).encode()


def parquet(columns: Mapping[str, object]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), sink, store_schema=False)  # as other tools write it: texts are plain texts
    return sink.getvalue()


def same(text: str, rows: int) -> pa.DictionaryArray:
    """One text in many rows, in the file only once."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([text]))


#: Name -> content type, body, and the statuses that may answer it.
BODIES: dict[str, tuple[str, Callable[[], bytes], set[int]]] = {
    "numbers for rows": (JSON, lambda: repeated("1"), {422}),
    "numbers for instances": (JSON, lambda: repeated("1", before='{"instances":[', after="]}"), {422}),
    "empty lists for rows": (JSON, lambda: repeated("[]"), {422}),
    "a row of lists": (JSON, lambda: repeated("[]", before='{"support_tickets":[', after="]}"), {422}),
    "rows of lists": (JSON, lambda: repeated('{"support_tickets":[[],[],[]]}'), {422}),
    "empty rows": (JSON, lambda: repeated("{}"), {413}),
    "empty rows, as many as are allowed": (JSON, lambda: repeated("{}")[: 3 * 100_000] + b"]", {200}),
    "unknown fields": (JSON, lambda: repeated('{"a":1}'), {422}),
    "one row of unknown fields": (JSON, lambda: keys("1", before="{", after="}"), {422}),
    "a list of one such row": (JSON, lambda: keys("1"), {422}),
    "one field again and again": (JSON, lambda: repeated('"support_tickets":1', before="{", after="}"), {200}),
    "good rows": (JSON, lambda: repeated(ROW), {200}),
    "good rows and a bad one": (JSON, lambda: repeated(ROW)[:-1] + b',{"support_tickets":-1}]', {422}),
    "good rows with whole floats": (JSON, lambda: repeated(ROW.replace(":4", ":4.0")), {200}),
    "good rows with a field of their own": (JSON, lambda: repeated(ROW.replace("{", '{"zip":"x",')), {200}),
    "braces in a text": (JSON, lambda: repeated("{", before='[{"customer_id":"', between="", after='"}]'), {422}),
    "escapes in a text": (JSON, lambda: repeated("\\\\", before='[{"zip":"', between="", after='"}]'), {422}),
    "endless number": (JSON, lambda: repeated("1", before='[{"transaction_volume":0.', between="", after="}]"), {200}),
    "endless integer": (JSON, lambda: repeated("1", before='[{"support_tickets":', between="", after="}]"), {422}),
    "deep": (JSON, lambda: repeated("[", before="", between="", after=""), {400}),
    "nothing but blanks": (JSON, lambda: repeated(" ", before="", between="", after=""), {400}),
    "CR alone": (CSV, lambda: repeated(",,", before="", between="\r", after=""), {413}),
    "LF alone": (CSV, lambda: repeated(",,", before="", between="\n", after=""), {413}),
    "CR alone, few rows": (CSV, lambda: repeated(",,", before="", between="\r", after="")[:300_000], {200}),
    "blank lines": (CSV, lambda: repeated("\r", before="1,2,3", between="\n", after="1,2,3"), {413}),
    "one line of cells": (CSV, lambda: repeated("", before="", after=""), {422}),
    "a header of as many cells": (f"{CSV}; header=present", lambda: repeated("a", before="", after=""), {400}),
    "a header of as many names": (
        f"{CSV}; header=present",
        lambda: ",".join(f"{n:x}" for n in range(SIZE // 7)).encode() + b"\n1,2",
        {400},
    ),
    "texts for numbers": (CSV, lambda: repeated("x,y,z", before="", between="\n", after="")[:590_000], {422}),
    "long texts for numbers": (CSV, lambda: repeated(f"{'x' * 50},y,z", before="", between="\n", after=""), {413}),
    "quoted cells": (CSV, lambda: repeated(f'"3","2.5","{" " * 50}4"', before="", between="\n", after=""), {200}),
    "good lines": (CSV, lambda: repeated("3,2.5,4" + " " * 56, before="", between="\n", after=""), {200}),
    "marks of missing values": (CSV, lambda: repeated("N/A,?,-" + " " * 56, before="", between="\n", after=""), {200}),
    "an endless cell": (CSV, lambda: repeated("1", before="", between="", after=""), {400}),
    "an open quote": (CSV, lambda: repeated("\n", before='"', between="", after=""), {400, 413}),
    "another delimiter": (CSV, lambda: repeated("1;2;3", before="", between="\n", after="")[:590_000], {422}),
    "zero rows of Parquet": (PARQUET, lambda: parquet({"support_tickets": pa.array([], pa.int64())}), {422}),
    "equal rows of Parquet": (PARQUET, lambda: parquet({"support_tickets": [1] * 100_000}), {200}),
    "equal texts of Parquet": (
        PARQUET,
        lambda: parquet({"customer_id": same("x" * 4_000_000, 1000), "support_tickets": [1] * 1000}),
        {413},
    ),
    "equal texts for numbers": (PARQUET, lambda: parquet({"support_tickets": same("x" * 4_000_000, 1000)}), {413}),
    "many columns of Parquet": (
        PARQUET,
        lambda: parquet({f"c{n}": pa.nulls(10, pa.int8()) for n in range(3000)} | {"support_tickets": [1] * 10}),
        {200},
    ),
}  # fmt: skip
