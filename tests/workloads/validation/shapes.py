"""Real-world shapes of delivered files and what becomes of each: the table in docs/data.md.

`python -m tests.workloads.validation.shapes` writes the table anew.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tempfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
import zstandard

from contracts import loader
from contracts.schema import Contract
from tests.workloads.validation.delivered import CHURN, HEADER, NOW, good_rows
from workloads.validation import Verdict, validate

CONTRACT = Path("contracts/churn.yaml")
PAGE = Path("docs/data.md")
BEGIN, END = "<!-- shapes -->\n", "<!-- /shapes -->\n"
ROWS = good_rows(30)
NAMES = ",".join(HEADER)
LINES = [",".join(str(row[name]) for name in HEADER) for row in ROWS]
PLAIN = "\n".join([NAMES, *LINES, ""]).encode()
FIRST, REST = PLAIN.split(b"\n", 1)
ZIPPED = gzip.compress(PLAIN, mtime=0)
TYPES = {
    "customer_id": pa.string(),
    "event_time": pa.timestamp("us", "UTC"),
    "user_tenure_months": pa.int64(),
    "transaction_volume": pa.float64(),
    "support_tickets": pa.int64(),
    "churn_label": pa.int64(),
}


def value(old: str, new: str | bytes) -> bytes:
    """The plain file with one value in its fifth row written otherwise."""
    return PLAIN.replace(old.encode(), new if isinstance(new, bytes) else new.encode())


def each(cell: Callable[[str, str], str]) -> bytes:
    """The plain file with every cell (column, text) written otherwise."""
    rows = [",".join(cell(name, str(row[name])) for name in HEADER) for row in ROWS]
    return "\n".join([NAMES, *rows, ""]).encode()


def parquet(types: dict[str, pa.DataType] | None = None, **options: Any) -> bytes:
    """The rows as Parquet; `types` in place of the natural ones."""
    columns: dict[str, pa.Array] = {}
    for name, kind in (TYPES | (types or {})).items():
        cells = pa.array([row[name] for row in ROWS])
        columns[name] = (cells.cast(pa.timestamp("us", "UTC")) if pa.types.is_timestamp(kind) else cells).cast(kind)
    return table(pa.table(columns), **options)


def table(content: pa.Table, **options: Any) -> bytes:
    """A table as Parquet."""
    buffer = io.BytesIO()
    pq.write_table(content, buffer, **options)
    return buffer.getvalue()


def flipped(content: bytes, found: bytes) -> bytes:
    """One bit of the first place with these bytes turned over."""
    at = content.index(found)
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def zstd(content: bytes, *, checksum: bool = True, window_log: int = 0) -> bytes:
    """One frame of Zstandard, as a program makes one that does not know how long its input is."""
    parameters = zstandard.ZstdCompressionParameters(window_log=window_log, write_checksum=checksum)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return stream.compress(content) + stream.flush()


def outcome(verdict: Verdict) -> str:
    """A verdict as the table tells it."""
    if verdict.findings:
        first, *others = verdict.findings
        return f"{verdict.status}: {first.text}" + (f" (and {len(others)} more findings)" if others else "")
    counts = ", ".join(f"{code} {count}" for code, count in verdict.reasons.items())
    text = f"{verdict.rows_in} rows read" + (f", {verdict.quarantined} quarantined: {counts}" if counts else "")
    return "; ".join([text, *verdict.warnings])


_CHECKED = parquet(write_page_checksum=True, compression="none", use_dictionary=False)
_UNCHECKED = parquet(compression="none", use_dictionary=False)
_SKIPPED = b"\x50\x2a\x4d\x18\x04\x00\x00\x00pzst"
_ODD = pq.read_table(io.BytesIO(parquet()))
_SECONDS = [int(datetime.fromisoformat(row["event_time"]).timestamp()) for row in ROWS]
_REST1 = REST.replace(b"\n", b",1\n")

#: What the contract says otherwise of the files of a group, in its own words.
CONTRACTS: dict[str, str] = {
    "Letters, with `encoding: cp1252`": "encoding: cp1252",
    "Numbers, with `decimal: ','` and `thousands: '.'`": "decimal: ','\nthousands: '.'",
    "Times, with `format: '%d.%m.%Y %H:%M'` and `timezone: Europe/Berlin`": (
        "event_time: {format: '%d.%m.%Y %H:%M', timezone: Europe/Berlin}"
    ),
    "Times, with `epoch: seconds`": "event_time: {epoch: seconds}",
}


def spelt(number: str) -> str:
    """A number as a German spreadsheet has it."""
    return f"{float(number):,.2f}".replace(",", "x").replace(".", ",").replace("x", ".")


def german(cell: str) -> bytes:
    """The plain file with semicolons and such amounts, in the fifth row `cell`."""
    rows = [row | {"transaction_volume": spelt(str(row["transaction_volume"]))} for row in ROWS]
    rows[4]["transaction_volume"] = cell
    return "\n".join([";".join(HEADER), *(";".join(str(row[name]) for name in HEADER) for row in rows), ""]).encode()


def timed(cell: str, form: str) -> bytes:
    """The plain file with times in another form, in the fifth row `cell`; of the other rows they mean the same."""
    moments = [datetime.fromisoformat(row["event_time"]) for row in ROWS]
    zone = ZoneInfo("Europe/Berlin") if "%d" in form else UTC
    texts = [f"{moment.timestamp():.0f}" if form == "%s" else f"{moment.astimezone(zone):{form}}" for moment in moments]
    texts[4] = cell
    rows = [row | {"event_time": text} for row, text in zip(ROWS, texts, strict=True)]
    return "\n".join([NAMES, *(",".join(str(row[name]) for name in HEADER) for row in rows), ""]).encode()


CONTENTS: dict[str, list[tuple[str, bytes]]] = {
    "Line ends": [
        ("LF", PLAIN),
        ("CRLF", PLAIN.replace(b"\n", b"\r\n")),
        ("CR alone", PLAIN.replace(b"\n", b"\r")),
        ("a header with CRLF, rows with LF", FIRST + b"\r\n" + REST),
        ("a header with LF, rows with CR", FIRST + b"\n" + REST.replace(b"\n", b"\r")),
        ("two files joined, LF and CRLF", PLAIN[:600] + PLAIN[600:].replace(b"\n", b"\r\n")),
        ("CR CR LF", PLAIN.replace(b"\n", b"\r\r\n")),
        ("no line end after the last row", PLAIN.rstrip(b"\n")),
        ("a CR after the last row", PLAIN + b"\r"),
        ("blank lines between rows", value("\nC0004", "\n\nC0004")),
        ("blank lines at the end", PLAIN + b"\n\n\n"),
        ("blank lines before the header", b"\n\n" + PLAIN),
    ],
    "Header": [
        ("a byte order mark", b"\xef\xbb\xbf" + PLAIN),
        ("columns in another order", "\n".join(",".join(reversed(x.split(","))) for x in [NAMES, *LINES]).encode()),
        ("names in quotes", PLAIN.replace(FIRST, b",".join(b'"' + x + b'"' for x in FIRST.split(b",")))),
        ("names with blanks around", PLAIN.replace(FIRST, FIRST.replace(b",", b" , "))),
        ("a line end within a quoted name", FIRST + b',"note\nmore"\n' + _REST1),
        ("a column more", FIRST + b",region\n" + _REST1),
        ("an index without a name", b"," + FIRST + b"\n" + REST.replace(b"C0", b"7,C0")),
        ("a delimiter after every line", PLAIN.replace(b"\n", b",\n")),
        ("a delimiter after every row, not after the header", FIRST + b"\n" + REST.replace(b"\n", b",\n")),
        ("Excel's line sep=,", b"sep=,\n" + PLAIN),
        (
            "10,000 columns more",
            FIRST + b"".join(b",x%05d" % i for i in range(10_000)) + b"\n" + REST.replace(b"\n", b"," * 10_000 + b"\n"),
        ),
        ("a name of 140,000 letters", FIRST + b"," + b"y" * 140_000 + b"\n" + _REST1),
        ("a name of 1,048,576 letters", FIRST + b"," + b"y" * 1_048_576 + b"\n" + _REST1),
        ("a column twice", FIRST + b",customer_id\n" + _REST1),
        ("a column missing", "\n".join(x.rpartition(",")[0] for x in [NAMES, *LINES]).encode()),
        ("names in another case", PLAIN.replace(b"churn_label", b"Churn_Label")),
        ("a comment before the header", b"# export of 2026\n" + PLAIN),
        ("comments with delimiters and a blank line", b'"# export, of ""2026""",,\n\n#\n' + PLAIN),
        ("a header whose first name begins with #", b"#" + PLAIN),
        ("a comment after the rows", PLAIN + b"# 30 rows\n"),
        ("no header", REST),
    ],
    "Delimiters and quotes": [
        ("semicolons", PLAIN.replace(b",", b";")),
        ("tabs", PLAIN.replace(b",", b"\t")),
        ("bars", PLAIN.replace(b",", b"|")),
        ("blanks after the delimiters", PLAIN.replace(b",", b", ")),
        ("every cell in quotes", each(lambda _, cell: f'"{cell}"')),
        ("quotes after a blank", PLAIN.replace(b",2026", b', "2026').replace(b"00Z,", b'00Z",')),
        ("delimiter, quotes and line end within quotes", value("C0004", '"C,""0""\n4"')),
        ("a bare quote within a text", value("C0004", 'C"0004')),
        ("a backslash before a quote", value("C0004", r'"C\"0004"')),
        ("quotes that do not end", value("C0004", '"C0004')),
        ("a field too few", value("C0004,", "")),
        ("a field too many", value("C0004", "C0004,x")),
    ],
    "Letters": [
        ("umlauts in UTF-8", value("C0004", "Cä004")),
        ("umlauts in Latin-1", value("C0004", "Cä004".encode("latin-1"))),
        ("UTF-16 with a byte order mark", value("C0004", "Cä004").decode().encode("utf-16")),
        ("UTF-16 with a byte order mark, cut off", PLAIN.decode().encode("utf-16")[:-1]),
        ("UTF-32 with a byte order mark", PLAIN.decode().encode("utf-32")),
        ("UTF-16 without", PLAIN.decode().encode("utf-16-le")),
        ("no-break spaces around a text", value("C0004", "\u00a0C0004\u00a0")),
        ("half a surrogate", value("C0004", b"C\xed\xa0\x80")),
        ("a text of 1,900,000 letters", value("C0004", "C" * 1_900_000)),
        ("a text of 3,000,000 letters", value("C0004", "C" * 3_000_000)),
        ("zero bytes at the end", PLAIN + b"\0" * 512),
        ("the end-of-file sign of DOS", PLAIN + b"\x1a"),
    ],
    "Letters, with `encoding: cp1252`": [
        ("umlauts in cp1252", value("C0004", "Cä€004".encode("cp1252"))),
        ("umlauts in cp1252, in gzip", gzip.compress(value("C0004", "Cä€004".encode("cp1252")), mtime=0)),
        ("umlauts in UTF-8", value("C0004", "Cä004")),
        ("umlauts in UTF-8 with a byte order mark", b"\xef\xbb\xbf" + value("C0004", "Cä004")),
        ("UTF-16 with a byte order mark", PLAIN.decode().encode("utf-16")),
        ("a byte that is none of its letters", value("C0004", b"C\x81004")),
        ("CR alone, and a byte that is none of its letters", value("C0004", b"C\x81004").replace(b"\n", b"\r")),
        ("an Excel workbook", b"PK\x03\x04" + bytes(60)),
    ],
    "Values": [
        ("whole numbers as 7.0", each(lambda name, cell: cell + ".0" if name == "support_tickets" else cell)),
        ("numbers with a plus", each(lambda name, cell: "+" + cell if name == "transaction_volume" else cell)),
        ("a decimal comma in quotes", value(",14.5,", ',"14,5",')),
        ("a thousands separator", value(",14.5,", ',"1,014.5",')),
        ("a currency", value(",14.5,", ",14.5 EUR,")),
        ("1e308", each(lambda name, cell: "1e308" if name == "transaction_volume" and cell == "14.5" else cell)),
        ("inf", value(",14.5,", ",inf,")),
        (
            "the usual marks of missing values",
            value(",14.5,", ",N/A,").replace(b",15.5,", b",NULL,").replace(b",16.5,", b",-,"),
        ),
        ("empty cells", value(",14.5,", ",,")),
        (
            "labels as true and false",
            each(lambda name, cell: str(cell == "1").lower() if name == "churn_label" else cell),
        ),
        ("times with an offset", PLAIN.replace(b"08:00:00Z", b"10:00:00+02:00")),
        ("times without an offset", PLAIN.replace(b"T08:00:00Z", b" 08:00")),
        ("times as 11/05/2026", value("2026-11-05T08:00:00Z", "11/05/2026")),
        ("times in seconds since 1970", value("2026-11-05T08:00:00Z", "1794124800")),
        ("a row twice", PLAIN + LINES[4].encode() + b"\n"),
        ("two rows of one customer and time that differ", PLAIN + LINES[4].encode()[:-1] + b"1\n"),
    ],
    "Numbers, with `decimal: ','` and `thousands: '.'`": [
        ("1.014,50", german("1.014,50")),
        ("1014,5", german("1014,5")),
        ("0,50-, as SAP has it", german("0,50-")),
        ("1.5, which would be 15", german("1.5")),
        ("1.23.456", german("1.23.456")),
        ("1014.5", german("1014.5")),
        ("14,5 EUR", german("14,5 EUR")),
    ],
    "Times, with `format: '%d.%m.%Y %H:%M'` and `timezone: Europe/Berlin`": [
        ("05.11.2026 08:00", timed("05.11.2026 08:00", "%d.%m.%Y %H:%M")),
        ("5.11.2026 8:00", timed("5.11.2026 8:00", "%d.%m.%Y %H:%M")),
        ("2026-11-05T08:00:00Z", timed("2026-11-05T08:00:00Z", "%d.%m.%Y %H:%M")),
        ("2026-11-05 08:00, without an offset", timed("2026-11-05 08:00", "%d.%m.%Y %H:%M")),
        ("31.02.2026 08:00", timed("31.02.2026 08:00", "%d.%m.%Y %H:%M")),
        ("29.03.2026 02:30, which clocks skipped", timed("29.03.2026 02:30", "%d.%m.%Y %H:%M")),
    ],
    "Times, with `epoch: seconds`": [
        ("1793865600", timed("1793865600", "%s")),
        ("1793865600.5", timed("1793865600.5", "%s")),
        ("1.79e9", timed("1.79e9", "%s")),
        ("Parquet with integers", table(_ODD.set_column(1, "event_time", pa.array(_SECONDS)))),
    ],
    "gzip": [
        ("CSV in gzip", ZIPPED),
        ("several members", gzip.compress(PLAIN[:500], mtime=0) + gzip.compress(PLAIN[500:], mtime=0)),
        ("zero bytes after it", ZIPPED + bytes(512)),
        ("other bytes after it", ZIPPED + b"junk"),
        ("a wrong checksum", ZIPPED[:-8] + bytes(4) + ZIPPED[-4:]),
        ("a wrong length", ZIPPED[:-4] + bytes(4)),
        ("cut off", ZIPPED[:-100]),
        ("gzip in gzip", gzip.compress(ZIPPED, mtime=0)),
        ("Parquet in gzip", gzip.compress(parquet(), mtime=0)),
    ],
    "zstd": [
        ("CSV in zstd", zstd(PLAIN)),
        ("several frames, one of them to be skipped", zstd(PLAIN[:500]) + _SKIPPED + zstd(PLAIN[500:])),
        ("zero bytes after it", zstd(PLAIN) + bytes(512)),
        ("other bytes after it", zstd(PLAIN) + b"junk"),
        ("a wrong checksum", zstd(PLAIN)[:-4] + bytes(4)),
        ("no checksum", zstd(PLAIN, checksum=False)),
        ("one bit turned over", flipped(zstd(PLAIN), zstd(PLAIN)[200:210])),
        ("cut off", zstd(PLAIN)[:-1]),
        ("a window of 256 MiB", zstd(PLAIN, window_log=28)),
        ("zstd in zstd", zstd(zstd(PLAIN))),
        ("zstd in gzip", gzip.compress(zstd(PLAIN), mtime=0)),
        ("Parquet in zstd", zstd(parquet())),
    ],
    "Parquet": [
        ("natural types", parquet()),
        ("narrow and unsigned integers", parquet(types={"support_tickets": pa.int8(), "churn_label": pa.uint64()})),
        (
            "integers as floats, booleans, float32",
            parquet(
                types={"support_tickets": pa.float64(), "churn_label": pa.bool_(), "transaction_volume": pa.float32()}
            ),
        ),
        (
            "dictionaries and decimals",
            parquet(
                types={
                    "customer_id": pa.dictionary(pa.int32(), pa.string()),
                    "transaction_volume": pa.decimal128(12, 2),
                }
            ),
        ),
        ("times in nanoseconds and another zone", parquet(types={"event_time": pa.timestamp("ns", "Europe/Berlin")})),
        ("all columns as texts", table(pa.table({name: [str(row[name]) for row in ROWS] for name in HEADER}))),
        ("times as numbers", table(_ODD.set_column(1, "event_time", pa.array(range(30))))),
        ("lists in a column", table(_ODD.set_column(4, "support_tickets", pa.array([[1]] * 30)))),
        ("a column of nulls without a type", table(_ODD.set_column(4, "support_tickets", pa.nulls(30)))),
        ("several row groups, each compression", parquet(row_group_size=7, compression="zstd")),
        ("page checksums", _CHECKED),
        ("one bit of a value turned over, with page checksums", flipped(_CHECKED, b"C0004")),
        ("a value beyond the statistics of its column", _UNCHECKED.replace(b"C0004", b"D0004", 1)),
        ("cut off", parquet()[:-200]),
        ("no rows", table(_ODD.slice(0, 0))),
    ],
    "No table": [
        ("0 bytes", b""),
        ("blanks only", b"  \n \n"),
        ("a header and no rows", FIRST),
        ("zero bytes only", bytes(100)),
        ("an Excel workbook", b"PK\x03\x04" + bytes(60)),
        ("JSON", json.dumps(ROWS).encode()),
        ("an error page", b"<!doctype html>\n<title>404</title>"),
        ("bzip2", bz2.compress(PLAIN)),
        ("xz", lzma.compress(PLAIN)),
        ("zlib", zlib.compress(PLAIN)),
    ],
}


def judged(content: bytes, directory: Path, group: str = "") -> Verdict:
    """The verdict on a file with this content, by the contract of its group."""
    path = directory / "delivered"
    path.write_bytes(content)
    return validate(path, contract(group), output=directory / "output", now=NOW)


def contract(group: str) -> Contract:
    """The churn contract with what a group of files says otherwise."""
    if group not in CONTRACTS:
        return CHURN
    document = yaml.safe_load(CONTRACT.read_text())
    for key, said in yaml.safe_load(CONTRACTS[group]).items():
        if key in document["columns"]:
            document["columns"][key] |= said
        else:
            document[key] = said
    return loader.loads(yaml.safe_dump(document))


def written() -> dict[tuple[str, str], str]:
    """The outcomes in the page's table, by group and kind of file."""
    found: dict[tuple[str, str], str] = {}
    group = ""
    for line in PAGE.read_text().partition(BEGIN)[2].partition(END)[0].splitlines()[2:]:
        kind, _, text = line.removeprefix("| ").removesuffix(" |").partition(" | ")
        if kind.startswith("**"):
            group = kind.strip("*| ")
        else:
            found[group, kind] = text
    return found


def cell(text: str) -> str:
    """A text as it stands in the table, which holds the beginning of a long one."""
    shown = text if len(text) <= 400 else f"{text[:400]} …"
    return shown.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _main() -> None:
    lines = ["| file | outcome |", "| --- | --- |"]
    for group, listed in CONTENTS.items():
        lines.append(f"| **{group}** | |")
        for kind, content in listed:
            with tempfile.TemporaryDirectory() as directory:
                lines.append(f"| {kind} | {cell(outcome(judged(content, Path(directory), group)))} |")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + "\n".join([*lines, ""]) + END + rest.partition(END)[2])


if __name__ == "__main__":
    _main()
