"""Whole files: what cannot be used is refused with what was found, what is allowed and what to do."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.schema import Column, ColumnType
from tests.workloads.validation.delivered import CHURN, HEADER, Judged, Row, good_row, good_rows, judge, write_csv
from workloads.validation import FileFault, Finding, Status

NAMES = ", ".join(repr(name) for name in HEADER)


def assert_refused(judged: Judged, code: FileFault, text: str, rows_in: int = 0) -> None:
    assert judged.verdict.status is Status.REFUSED
    assert judged.verdict.findings == (Finding(code=code, text=text),)
    assert (judged.verdict.rows_in, judged.verdict.accepted, judged.verdict.quarantined) == (rows_in, 0, rows_in)
    assert judged.accepted == []


def write_parquet(path: Path, rows: list[Row], **types: pa.DataType) -> Path:
    """`rows` as Parquet with natural types; `types` overrides those of single columns."""
    natural = {
        "customer_id": pa.string(),
        "event_time": pa.timestamp("us", "UTC"),
        "user_tenure_months": pa.int64(),
        "transaction_volume": pa.float64(),
        "support_tickets": pa.int64(),
        "churn_label": pa.int64(),
    } | types
    columns: dict[str, pa.Array] = {}
    for name, kind in natural.items():
        values = pa.array([row[name] for row in rows])
        columns[name] = (values.cast(pa.timestamp("us", "UTC")) if pa.types.is_timestamp(kind) else values).cast(kind)
    pq.write_table(pa.table(columns), path)
    return path


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.touch()
    assert_refused(Judged(path), FileFault.EMPTY_FILE, "the file has 0 bytes; deliver it again with its rows")


def test_blank_lines_only(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("\n\n")
    assert_refused(
        Judged(path), FileFault.EMPTY_FILE, "the file holds blank lines or comments only; a line must name the columns"
    )


@pytest.mark.parametrize("line_end", ["", "\n"])
def test_a_header_and_no_rows(tmp_path: Path, line_end: str) -> None:
    path = tmp_path / "day.csv"
    path.write_text(",".join(HEADER) + line_end)
    text = "the file has a header and no rows; deliver it again with its rows"
    assert_refused(Judged(path), FileFault.NO_ROWS, text)


def test_a_parquet_file_without_rows(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "day.parquet", good_rows(3))
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    text = "the file has a header and no rows; deliver it again with its rows"
    assert_refused(Judged(path), FileFault.NO_ROWS, text)


def test_a_missing_column(tmp_path: Path) -> None:
    header = tuple(name for name in HEADER if name != "support_tickets")
    judged = Judged(write_csv(tmp_path / "day.csv", good_rows(), header))
    found = ", ".join(repr(name) for name in header)
    assert_refused(
        judged,
        FileFault.MISSING_COLUMN,
        f"column 'support_tickets' is missing; the file has {found}; deliver it with every column of the contract; if "
        "the file calls it otherwise, give that name as columns.support_tickets.source",
    )


def test_a_column_with_a_name_that_is_near(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "day.csv", good_rows())
    path.write_text(path.read_text().replace("churn_label", "Churn_Label", 1))
    found = NAMES.replace("churn_label", "Churn_Label")
    assert_refused(
        Judged(path),
        FileFault.MISSING_COLUMN,
        f"column 'churn_label' is missing ('Churn_Label' is near); the file has {found}; deliver it with every column "
        "of the contract; if the file calls it otherwise, give that name as columns.churn_label.source",
    )


def test_every_fault_of_the_header_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("customer_id,Customer_ID,event_time,x\n1,2,3,4\n")
    verdict = Judged(path).verdict
    assert [finding.code for finding in verdict.findings] == [
        FileFault.DUPLICATE_COLUMN, *[FileFault.MISSING_COLUMN] * 4
    ]  # fmt: skip
    assert verdict.findings[0].text == (
        "column 'Customer_ID', 'customer_id' occurs more than once in the header; give each column one name"
    )


def test_a_repeated_column_in_parquet(tmp_path: Path) -> None:
    table = pq.read_table(write_parquet(tmp_path / "day.parquet", good_rows(3)))
    pq.write_table(table.append_column("churn_label", table["churn_label"]), tmp_path / "day.parquet")
    assert_refused(
        Judged(tmp_path / "day.parquet"),
        FileFault.DUPLICATE_COLUMN,
        "column 'churn_label' occurs more than once in the header; give each column one name",
    )


def test_extra_columns_are_left_out_with_a_warning(tmp_path: Path) -> None:
    rows = [row | {"note": "x", "Region": "EU"} for row in good_rows()]
    judged = Judged(write_csv(tmp_path / "day.csv", rows, ("note", *HEADER, "Region")))
    assert judged.verdict.warnings == (
        "columns 'note', 'Region' are not in the contract and were left out; add them to the contract to keep them",
    )
    assert judged.accepted == good_rows()


def test_a_parquet_file_that_is_cut_off(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "day.parquet", good_rows(500))
    path.write_bytes(path.read_bytes()[:-2000])
    judged = Judged(path)
    (finding,) = judged.verdict.findings
    assert finding.code is FileFault.CORRUPT
    assert finding.text.startswith("the Parquet file is cut off or damaged (Parquet magic bytes not found in footer")
    assert finding.text.endswith("; deliver it again")


def test_a_parquet_file_with_damaged_pages(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "day.parquet", good_rows(20_000))
    content = bytearray(path.read_bytes())
    content[3000:9000] = bytes(6000)
    path.write_bytes(content)
    judged = Judged(path)
    (finding,) = judged.verdict.findings
    assert finding.code is FileFault.CORRUPT
    assert finding.text.startswith("the Parquet file is cut off or damaged (")
    assert judged.accepted == []


def test_a_name_that_belies_the_content(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "day.parquet", good_rows())
    text = "the file is called .parquet but begins with b'cust' instead of b'PAR1'; deliver it again"
    assert_refused(Judged(path), FileFault.CORRUPT, text)


def test_parquet_is_told_by_its_content(tmp_path: Path) -> None:
    assert Judged(write_parquet(tmp_path / "day.csv", good_rows())).accepted == good_rows()


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\x00\xff", b"\x80\x04\x95pickle", b"k\xe4se,wein\n1,2\n"])
def test_bytes_that_are_no_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "day.csv"
    path.write_bytes(content)
    (finding,) = Judged(path).verdict.findings
    assert finding.code is FileFault.CORRUPT
    assert finding.text.endswith(
        "text (its first line cannot be decoded); if all of it is in another encoding, such as cp1252, say so in the "
        "contract (encoding: cp1252); else save it as one of them and deliver it again"
    )


def test_a_line_that_is_not_utf8(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "day.csv", good_rows())
    path.write_bytes(path.read_bytes().replace(b"C0004", b"C\xff\xfe04"))
    text = (
        "line 6 is not UTF-8 text; if all of it is in another encoding, such as cp1252, say so in the contract "
        "(encoding: cp1252); else repair or deliver the whole file again"
    )
    assert_refused(Judged(path), FileFault.CORRUPT, text)


@pytest.mark.parametrize(("line", "fields"), [("C9,2026-11-01,1,2,3", 5), ("C9,2026-11-01,1,2,5,3,0", 7)])
def test_a_row_with_too_few_or_too_many_fields(tmp_path: Path, line: str, fields: int) -> None:
    path = write_csv(tmp_path / "day.csv", good_rows())
    path.write_text(path.read_text() + line + "\n")
    text = (
        f"line 62 has {fields} fields, the header has 6: a field is missing or holds a bare delimiter; "
        "repair or deliver the whole file again"
    )
    assert_refused(Judged(path), FileFault.CORRUPT, text)


def test_a_quote_that_does_not_end(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "day.csv", [*good_rows(), good_row(99, customer_id='"C99'), good_row(100)])
    text = (
        'a quoted value that begins in line 62 does not end (a quote within quotes is written twice, "", and not '
        "behind a backslash); repair or deliver the whole file again"
    )
    assert_refused(Judged(path), FileFault.CORRUPT, text)


def test_a_gzip_file_that_is_cut_off(tmp_path: Path) -> None:
    whole = write_csv(tmp_path / "whole.csv", good_rows(5000)).read_bytes()
    path = tmp_path / "day.csv.gz"
    path.write_bytes(gzip.compress(whole)[:-100])
    judged = Judged(path)
    (finding,) = judged.verdict.findings
    assert finding.code is FileFault.CORRUPT
    assert "ended before the end-of-stream marker was reached" in finding.text
    assert str(tmp_path) not in finding.text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_compression_and_byte_order_mark(tmp_path: Path, delimiter: str) -> None:
    plain = write_csv(tmp_path / "plain.csv", good_rows(), delimiter=delimiter).read_bytes()
    for name, content in (
        ("zipped", gzip.compress(plain)),
        ("marked", b"\xef\xbb\xbf" + plain),
        ("windows", plain.replace(b"\n", b"\r\n")),
        ("unended", plain.rstrip(b"\n")),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        judged = Judged(path)
        assert judged.accepted == good_rows(), name
        assert judged.verdict.object_sha256 == hashlib.sha256(content).hexdigest()


def test_quoted_fields_hold_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    rows = good_rows(3)
    path = write_csv(tmp_path / "day.csv", [rows[0], rows[1] | {"customer_id": '"a,""b""\nc"'}, rows[2]])
    assert [row["customer_id"] for row in Judged(path).accepted] == ["C0000", 'a,"b"\nc', "C0002"]


def test_columns_in_another_order(tmp_path: Path) -> None:
    assert Judged(write_csv(tmp_path / "day.csv", good_rows(), tuple(reversed(HEADER)))).accepted == good_rows()


def test_a_folder_named_like_a_column_is_no_column(tmp_path: Path) -> None:
    folder = tmp_path / "churn_label=1"
    folder.mkdir()
    assert Judged(write_csv(folder / "day.csv", good_rows())).accepted == good_rows()
    judged = Judged(write_parquet(folder / "day.parquet", good_rows()))
    assert (judged.accepted, judged.verdict.warnings) == (good_rows(), ())


def test_a_folder_named_like_a_field_of_csv_is_none(tmp_path: Path) -> None:
    """Fields are read by their places, f0, f1 ..., which a folder may be called too."""
    path = tmp_path / "f0=7" / "day.csv"
    path.parent.mkdir()
    assert Judged(write_csv(path, good_rows())).accepted == good_rows()


def test_a_column_of_which_no_value_can_be_read(tmp_path: Path) -> None:
    rows = [row | {"support_tickets": "many"} for row in good_rows()]
    judged = judge(tmp_path, rows)
    assert judged.verdict.status is Status.REFUSED
    assert judged.verdict.findings == (
        Finding(
            code=FileFault.WRONG_TYPE,
            text="column support_tickets: none of 60 values is a whole number (the first is 'many'); "
            "deliver it as such, or say what its texts mean: columns.support_tickets.values",
        ),
        Finding(
            code=FileFault.TOO_MANY_BAD_ROWS,
            text="60 of 60 rows are bad (100.00%; ingestion.max_bad_row_share allows 5.00%): wrong_type 60; the first "
            "is row 1: support_tickets is many; it must be a whole number; repair the source and deliver the file "
            "again",
        ),
    )
    assert len(judged.quarantined) == 60


def test_a_parquet_column_of_a_type_that_cannot_be_read(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "day.parquet", good_rows())
    table = pq.read_table(path)
    for name, values in (("support_tickets", [[1]] * 60), ("event_time", list(range(60)))):
        table = table.set_column(HEADER.index(name), name, pa.array(values))
    pq.write_table(table, path)
    assert Judged(path).verdict.findings == (
        Finding(
            code=FileFault.WRONG_TYPE,
            text="column event_time is of type BIGINT, which cannot be read as an ISO 8601 timestamp such as "
            "2026-01-31T12:00:00Z (no offset means UTC), or columns.event_time.format or .epoch has to say its form; "
            "deliver it as such",
        ),
        Finding(
            code=FileFault.WRONG_TYPE,
            text="column support_tickets is of type BIGINT[], which cannot be read as a whole number; "
            "deliver it as such",
        ),
    )


def test_more_bad_rows_than_the_contract_lets_pass(tmp_path: Path) -> None:
    rows = good_rows(100)
    for index in range(1, 6):
        rows[index]["support_tickets"] = -1
    assert judge(tmp_path, rows).verdict.status is Status.ACCEPTED  # 5 % is the limit
    rows[6]["churn_label"] = None
    judged = judge(tmp_path, rows)
    assert_refused(
        judged,
        FileFault.TOO_MANY_BAD_ROWS,
        "6 of 100 rows are bad (6.00%; ingestion.max_bad_row_share allows 5.00%): below_minimum 5, null 1; "
        "the first is row 2: support_tickets is -1; the minimum is 0; repair the source and deliver the file again",
        rows_in=100,
    )
    assert [row["quarantine_row"] for row in judged.quarantined] == [2, 3, 4, 5, 6, 7]


def test_the_first_of_too_many_repeated_rows(tmp_path: Path) -> None:
    rows = good_rows(50)
    judged = judge(tmp_path, [*rows, *rows[:10]])
    assert [finding.text for finding in judged.verdict.findings] == [
        "10 of 60 rows are bad (16.67%; ingestion.max_bad_row_share allows 5.00%): duplicate_row 10; the first is "
        "row 51: the same row as row 1; the first is kept; repair the source and deliver the file again"
    ]


PARQUET_TYPES: list[dict[str, pa.DataType]] = [
    {},
    {"support_tickets": pa.int8(), "churn_label": pa.uint64(), "user_tenure_months": pa.int32()},
    {"support_tickets": pa.float64(), "churn_label": pa.bool_(), "transaction_volume": pa.float32()},
    {"customer_id": pa.dictionary(pa.int32(), pa.string()), "transaction_volume": pa.decimal128(12, 2)},
    {"event_time": pa.timestamp("ns", "Europe/Berlin")},
    {"event_time": pa.timestamp("ms")},
    {"support_tickets": pa.string(), "transaction_volume": pa.string(), "churn_label": pa.string()},
]


@pytest.mark.parametrize("types", PARQUET_TYPES, ids=[" ".join(t) or "natural" for t in PARQUET_TYPES])
def test_parquet_types_become_those_of_the_contract(tmp_path: Path, types: dict[str, pa.DataType]) -> None:
    judged = Judged(write_parquet(tmp_path / "day.parquet", good_rows(), **types))
    assert judged.accepted == good_rows()
    assert [(field.name, field.type) for field in pq.read_schema(tmp_path / "output" / "accepted.parquet")] == [
        ("customer_id", pa.string()),
        ("event_time", pa.timestamp("us", "UTC")),
        ("user_tenure_months", pa.int64()),
        ("transaction_volume", pa.float64()),
        ("support_tickets", pa.int64()),
        ("churn_label", pa.int64()),
    ]


def test_faulty_values_in_parquet(tmp_path: Path) -> None:
    rows = [row | {"support_tickets": float(row["support_tickets"])} for row in good_rows(100)]
    rows[0]["support_tickets"] = 1.5
    rows[1]["support_tickets"] = float("-inf")
    rows[2]["transaction_volume"] = float("inf")
    rows[3]["customer_id"] = ""
    judged = Judged(write_parquet(tmp_path / "day.parquet", rows, support_tickets=pa.float64()))
    assert [row["quarantine_reason"] for row in judged.quarantined] == [
        "support_tickets is 1.5; it must be a whole number",
        "support_tickets is -inf; only finite numbers are allowed",
        "transaction_volume is inf; only finite numbers are allowed",
        "customer_id is empty; the contract requires a value",
    ]
    assert judged.accepted == good_rows(100)[4:]


def test_nan_in_parquet_is_no_value(tmp_path: Path) -> None:
    rows = [row | {"churn_label": float(row["churn_label"])} for row in good_rows(100)]
    rows[0]["transaction_volume"] = rows[1]["churn_label"] = float("nan")
    judged = Judged(write_parquet(tmp_path / "day.parquet", rows, churn_label=pa.float64()))
    assert judged.accepted == [good_row(0, transaction_volume=None), *good_rows(100)[2:]]
    assert [row["quarantine_reason"] for row in judged.quarantined] == [
        "churn_label is empty; the contract requires a value"
    ]


@pytest.mark.parametrize("kind", [pa.int32(), pa.float64(), pa.decimal128(21, 2), pa.string()])
def test_a_number_that_stands_for_no_value_does_so_in_every_type(tmp_path: Path, kind: pa.DataType) -> None:
    columns = tuple(dataclasses.replace(column, missing=("-999",)) for column in CHURN.columns)
    value: Any = "-999.0" if pa.types.is_string(kind) else -999
    rows = [row | {"support_tickets": str(row["support_tickets"])} for row in good_rows()]
    rows = rows if pa.types.is_string(kind) else good_rows()
    rows[3]["support_tickets"] = value
    path = write_parquet(tmp_path / "day.parquet", rows, support_tickets=kind)
    judged = Judged(path, contract=dataclasses.replace(CHURN, columns=columns))
    assert judged.accepted == [*good_rows()[:3], good_row(3, support_tickets=None), *good_rows()[4:]]


BOOLEANS = [("true", True), ("False", False), ("1", True), ("0", False)]


@pytest.mark.parametrize(("written", "read"), BOOLEANS)
def test_a_boolean_column(tmp_path: Path, written: str, read: bool) -> None:
    contract = dataclasses.replace(CHURN, columns=(*CHURN.columns, Column(name="vip", type=ColumnType.BOOLEAN)))
    rows = [row | {"vip": written} for row in good_rows()]
    rows[7]["vip"] = "yes"
    judged = Judged(write_csv(tmp_path / "day.csv", rows, (*HEADER, "vip")), contract=contract)
    assert {row["vip"] for row in judged.accepted} == {read}
    assert [row["quarantine_reason"] for row in judged.quarantined] == ["vip is yes; it must be true, false, 1 or 0"]
