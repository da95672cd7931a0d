"""Numbers and timestamps in a form that the contract says are the same value, or none, wherever a text is read."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import loader
from contracts.schema import ColumnType, Contract
from tests.workloads.validation.delivered import NOW
from workloads.inference import columnar, files
from workloads.inference.errors import Refused
from workloads.inference.reader import Reader
from workloads.validation import validate

REFUSED = "refused"
NUMBERS = [
    *(
        "1",
        "1234",
        "1.234",
        "1,234",
        "1.23",
        "1,23",
        "0.123",
        "0,123",
        "1.234,5",
        "1,234.5",
        "1.234.567,89",
        "1.23.456",
    ),
    *("1234,5", "12345,678", "1.2345", "01.234", "-1.234,5", "1.234,5-", "-1,5-", "+7,25", ",5", "5,", ".", ",", "-"),
    *(
        "1 234,5",
        "1\u00a0234,5",
        "1\u202f234,5",
        "1'234.5",
        "1\u2019234.5",
        "1 23",
        "1  234",
        "12 34",
        "1,5e3",
        "1,5E-3",
    ),
    *(
        "1e3",
        "1.234e3",
        "1,000,000",
        "1.000.000",
        "1_000",
        "1.234,5 EUR",
        "(1.234)",
        "inf",
        "nan",
        "\u0661",
        "",
        "-999",
    ),
    *(
        "-999,0",
        "-999.0",
        "9.007.199.254.740.993",
        "9007199254740993",
        "9.223.372.036.854.775.808",
        "1e400",
        "7,0",
        "7.0",
    ),
]
TIMES = [
    *(
        "05.11.2026 08:30",
        "5.11.2026 8:30",
        "05.11.26 08:30",
        "05/11/2026",
        "11/05/2026 08:30:15 PM",
        "11/5/2026 12:00 AM",
    ),
    *(
        "20261105",
        "20261105083015",
        "2026-11-05",
        "2026-11-05 08:30:15",
        "2026-11-05T08:30:15Z",
        "2026-11-05T08:30+02:00",
    ),
    *("2026-11-05T08:30:15.25Z", "05-NOV-26", "05-nov-2026 08.30.15", "5 November 2026", "5 Nov 2026", "05-Okt-26"),
    *("31.02.2026 08:30", "00.11.2026 08:30", "05.13.2026 08:30", "05.11.2026 24:00", "05.11.2026 25:00", "05.11.2026"),
    *(
        "1794124800",
        "1794124800.5",
        "1794124800123",
        "-1.5",
        "0",
        "1e9",
        "99999999999999",
        "-62135596800",
        "-62135596801",
    ),
    *(
        "253402300799.999",
        "253402300800",
        "29.03.2026 02:30",
        "25.10.2026 02:30",
        "29.03.2026 03:00",
        "25.10.2026 03:00",
    ),
    *("2026-03-29 02:30", "2026-10-25 02:30", "2026-03-29", "0001-01-01", "9999-12-31 23:59:59", "01.01.9999 00:00"),
    *("05.11.2026 08:30:15 +0200", "05.11.2026 08:30:15 -02:30", "05.11.2026 08:30:15 Z", "tomorrow", "", "NaT"),
    *("05.11.69 08:30", "05.11.68 08:30", "2026-1-5", "20260131T10", "2026-W05-1", "2026-11-05Z", "05.11.2026  08:30"),
]
FORMS = {
    "decimal comma": ("{type: number, decimal: ','}", NUMBERS),
    "decimal comma, thousands point": ("{type: number, decimal: ',', thousands: '.'}", NUMBERS),
    "decimal comma, thousands blank": ("{type: number, decimal: ',', thousands: ' '}", NUMBERS),
    "thousands comma": ("{type: number, thousands: ','}", NUMBERS),
    "thousands apostrophe": ('{type: number, thousands: "\'"}', NUMBERS),
    "integers, thousands point": ("{type: integer, decimal: ',', thousands: '.'}", NUMBERS),
    "a mark": ("{type: number, decimal: ',', missing: [-999]}", NUMBERS),
    "a text that is a value": ("{type: number, decimal: ',', thousands: '.', values: {none: 0}}", NUMBERS),
    "date and time": ("{type: timestamp, format: '%d.%m.%Y %H:%M'}", TIMES),
    "two digits of the year": ("{type: timestamp, format: '%d.%m.%y %H:%M'}", TIMES),
    "date of Oracle": ("{type: timestamp, format: '%d-%b-%y'}", TIMES),
    "time of Oracle": ("{type: timestamp, format: '%d-%b-%Y %H.%M.%S'}", TIMES),
    "names of months": ("{type: timestamp, format: '%d %B %Y'}", TIMES),
    "noon": ("{type: timestamp, format: '%m/%d/%Y %I:%M:%S %p'}", TIMES),
    "noon without seconds": ("{type: timestamp, format: '%m/%d/%Y %I:%M %p'}", TIMES),
    "no signs": ("{type: timestamp, format: '%Y%m%d'}", TIMES),
    "no signs, with time": ("{type: timestamp, format: '%Y%m%d%H%M%S'}", TIMES),
    "an offset": ("{type: timestamp, format: '%d.%m.%Y %H:%M:%S %z'}", TIMES),
    "seconds": ("{type: timestamp, epoch: seconds}", TIMES),
    "milliseconds": ("{type: timestamp, epoch: milliseconds}", TIMES),
    "a place": ("{type: timestamp, timezone: Europe/Berlin}", TIMES),
    "a form and a place": ("{type: timestamp, format: '%d.%m.%Y %H:%M', timezone: Europe/Berlin}", TIMES),
    "half an hour": ("{type: timestamp, format: '%d.%m.%Y %H:%M', timezone: Australia/Lord_Howe}", TIMES),
}


def contract(column: str) -> Contract:
    body = column.removesuffix("}")
    return loader.loads(f"""
name: forms
task: binary_classification
entity: key
event_time: {{from: delivery}}
label: y
columns:
  key: {{type: string}}
  x:   {body}, nullable: true}}
  z:   {{type: number, nullable: true}}
  y:   {{type: integer, allowed: [0, 1]}}
features: {{no_x: missing(x), z: z}}
ingestion: {{max_bad_row_share: 1.0}}
""")


def comparable(value: Any, kind: ColumnType) -> Any:
    """Of a timestamp its moment in UTC."""
    if kind is not ColumnType.TIMESTAMP or value is None:
        return value
    if isinstance(value, str):
        end = value[11:13] == "24"  # of a day, which Python reads from 3.13 on
        value = datetime.fromisoformat(f"{value[:11]}00{value[13:]}" if end else value) + timedelta(days=end)
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def validated(its: Contract, texts: list[str], directory: Path, name: str) -> list[Any]:
    """What each text is, as validation reads it from a CSV or from texts in Parquet."""
    kind = its.column("x").type
    legal = "2026-11-05T08:30:15Z" if kind is ColumnType.TIMESTAMP else "1"  # or a column of which no value is read
    rows = [{"key": f"k{i}", "x": text, "z": "1", "y": "1"} for i, text in enumerate([*texts, legal])]
    path = directory / name
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter="|").writerows([list(rows[0]), *(list(row.values()) for row in rows)])
    assert validate(path, its, output=directory / "out", now=NOW).rows_in == len(rows)
    accepted = pq.read_table(directory / "out" / "accepted.parquet").to_pylist()
    found = {row["key"]: comparable(row["x"], kind) for row in accepted}
    return [found.get(row["key"], REFUSED) for row in rows[:-1]]


def served(its: Contract, texts: list[str], way: str) -> list[Any]:
    reader, kind = Reader(its, max_rows=10), its.column("x").type
    found: list[Any] = []
    for text in texts:
        try:
            if way == "CSV":
                line = io.StringIO()
                csv.writer(line, delimiter=";").writerow([text, "1"])
                raw = reader.csv(b"x;z\n" + line.getvalue().encode(), header=True)
            elif way == "bare CSV":
                line = io.StringIO()
                csv.writer(line).writerow([text, "1"])
                raw = reader.csv(line.getvalue().encode(), header=False)
            elif way == "JSON":
                raw = reader.json(json.dumps({"x": text}).encode())
            else:
                buffer = io.BytesIO()
                pq.write_table(pa.table({"key": ["k"], "x": [text], "z": [1.0], "y": [1]}), buffer)
                raw = columnar.read(buffer.getvalue(), reader)
            found.append(comparable(raw.values[0][0], kind))
        except Refused as refusal:
            assert refusal.status == 422
            found.append(REFUSED)
    return found


@pytest.mark.parametrize(("column", "texts"), FORMS.values(), ids=list(FORMS))
def test_each_text_is_the_same_value_for_validation_service_and_batch(
    tmp_path: Path, column: str, texts: list[str]
) -> None:
    its = contract(column)
    kind = its.column("x").type
    expected = dict(zip(texts, validated(its, texts, tmp_path, "texts.csv"), strict=True))
    others = {"Parquet": validated(its, texts, tmp_path, "texts.parquet")}
    ways = ("CSV", "bare CSV", "texts in Parquet", *(["JSON"] if kind is ColumnType.TIMESTAMP else []))
    others |= {f"service, {way}": served(its, texts, way) for way in ways}
    scored = list(files.rows(Reader(its, max_rows=10), tmp_path / "texts.csv"))
    others["batch"] = [REFUSED if row.faults else comparable(row.values[0], kind) for row in scored[:-1]]
    for way, found in others.items():
        assert dict(zip(texts, found, strict=True)) == expected, way
    legal = [value for value in expected.values() if value not in (REFUSED, None)]
    assert len(legal) >= 2
    assert REFUSED in expected.values()


KNOWN: dict[str, dict[str, Any]] = {
    "decimal comma, thousands point": {
        "1.234": 1234.0, "1.23": REFUSED, "0.123": REFUSED, "01.234": REFUSED, "1.234.567,89": 1234567.89,
        "1.23.456": REFUSED, "1234,5": 1234.5, "1.234,5-": -1234.5, "-1,5-": REFUSED, "1,234": 1.234, ",5": 0.5,
        "1,5E-3": 0.0015, "1.234,5 EUR": REFUSED, "1_000": REFUSED, "-": None,
    },
    "decimal comma": {"1.5": REFUSED, "1,234": 1.234, "1.234": REFUSED, "1234": 1234.0, "7,0": 7.0},
    "thousands comma": {"1,234": 1234.0, "1,23": REFUSED, "1,234.5": 1234.5, "1.234": 1.234},
    "decimal comma, thousands blank": {"1\u202f234,5": 1234.5, "1 23": REFUSED, "1  234": REFUSED},
    "thousands apostrophe": {"1'234.5": 1234.5, "1\u2019234.5": 1234.5},
    "integers, thousands point": {
        "7,0": 7, "1,5e3": 1500, "1,5": REFUSED, "9.007.199.254.740.993": 9007199254740993,
        "9.223.372.036.854.775.808": REFUSED,
    },
    "a mark": {"-999": None, "-999,0": None, "-999.0": REFUSED},
    "a text that is a value": {"none": 0.0, "1,5e3": 1500.0, "1.234.567": 1234567.0},
    "date and time": {
        "05.11.2026 08:30": "2026-11-05T08:30", "5.11.2026 8:30": "2026-11-05T08:30", "05.11.2026 24:00": "2026-11-06",
        "2026-11-05T08:30+02:00": "2026-11-05T06:30", "2026-11-05": REFUSED, "31.02.2026 08:30": REFUSED,
    },
    "two digits of the year": {"05.11.69 08:30": "1969-11-05T08:30", "05.11.68 08:30": "2068-11-05T08:30"},
    "date of Oracle": {"05-NOV-26": "2026-11-05", "05-Okt-26": REFUSED},
    "time of Oracle": {"05-nov-2026 08.30.15": "2026-11-05T08:30:15"},
    "noon": {"11/05/2026 08:30:15 PM": "2026-11-05T20:30:15", "11/05/2026 13:30:15 PM": REFUSED},
    "noon without seconds": {"11/5/2026 12:00 AM": "2026-11-05", "11/5/2026 12:00 pm": "2026-11-05T12:00"},
    "no signs": {"20261105": "2026-11-05", "2026115": REFUSED},
    "an offset": {"05.11.2026 08:30:15 -02:30": "2026-11-05T11:00:15"},
    "seconds": {
        "1794124800": "2026-11-08T08:00", "-1.5": "1969-12-31T23:59:58.5", "1e9": REFUSED,
        "-62135596800": "0001-01-01", "-62135596801": REFUSED, "253402300800": REFUSED,
    },
    "milliseconds": {"1794124800123": "2026-11-08T08:00:00.123"},
    "a place": {
        "2026-03-29 02:30": REFUSED, "2026-10-25 02:30": "2026-10-25T01:30", "2026-03-29": "2026-03-28T23:00",
        "2026-11-05 08:30:15": "2026-11-05T07:30:15", "2026-11-05T08:30:15Z": "2026-11-05T08:30:15",
    },
    "a form and a place": {"29.03.2026 02:30": REFUSED, "29.03.2026 03:00": "2026-03-29T01:00"},
    "half an hour": {"05.11.2026 24:00": "2026-11-05T13:00"},
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_what_texts_mean_in_a_form(tmp_path: Path, name: str) -> None:
    """By hand, so that the test above does not compare one mistake with another."""
    its, texts = contract(FORMS[name][0]), list(KNOWN[name])
    is_time = its.column("x").type is ColumnType.TIMESTAMP
    wanted = [
        datetime.fromisoformat(value).replace(tzinfo=UTC) if is_time and value != REFUSED else value
        for value in KNOWN[name].values()
    ]
    assert dict(zip(texts, validated(its, texts, tmp_path, "x.csv"), strict=True)) == dict(
        zip(texts, wanted, strict=True)
    )


@settings(max_examples=8, deadline=None)
@given(
    texts=st.lists(st.text(alphabet="0123456789.,- '\u202fe+", max_size=12), min_size=30, max_size=60),
    decimal=st.sampled_from([".", ","]),
    thousands=st.sampled_from(["", ".", ",", "'", " "]),
    kind=st.sampled_from(["integer", "number"]),
)
def test_any_text_of_such_signs(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], decimal: str, thousands: str, kind: str
) -> None:
    if decimal == thousands:
        thousands = ""
    its = contract(f'{{type: {kind}, decimal: "{decimal}", thousands: "{thousands}"}}')
    assert served(its, texts, "CSV") == validated(its, texts, tmp_path_factory.mktemp("any"), "x.csv")


@settings(max_examples=8, deadline=None)
@given(
    moments=st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2037, 12, 31)), min_size=30, max_size=60),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"]),
)
def test_any_local_time(tmp_path_factory: pytest.TempPathFactory, moments: list[datetime], zone: str) -> None:
    """The time zones of Python and of the engine are two copies of one database."""
    texts = [f"{moment:%d.%m.%Y %H:%M:%S.%f}" for moment in moments]
    its = contract(f"{{type: timestamp, format: '%d.%m.%Y %H:%M:%S.%f', timezone: {zone}}}")
    assert served(its, texts, "CSV") == validated(its, texts, tmp_path_factory.mktemp("any"), "x.csv")


@pytest.mark.parametrize(
    ("epoch", "values", "found"),
    [
        ("seconds", pa.array([1794124800, 0, None, 2**40]), ["2026-11-08T08:00", "1970-01-01", None, REFUSED]),
        ("seconds", pa.array([100, -1], pa.int8()), ["1970-01-01T00:01:40", "1969-12-31T23:59:59"]),
        ("seconds", pa.array([1.5, float("nan"), float("inf")]), ["1970-01-01T00:00:01.5", None, REFUSED]),
        ("milliseconds", pa.array([1794124800123, 2**62]), ["2026-11-08T08:00:00.123", REFUSED]),
    ],
)
def test_numbers_of_parquet_and_json_since_1970(tmp_path: Path, epoch: str, values: pa.Array, found: list[Any]) -> None:
    its = contract(f"{{type: timestamp, epoch: {epoch}}}")
    wanted = [
        datetime.fromisoformat(each).replace(tzinfo=UTC) if each not in (None, REFUSED) else each for each in found
    ]
    rows = len(values)
    path = tmp_path / "x.parquet"
    table = {"key": [f"k{i}" for i in range(rows)], "x": values, "z": [1.0] * rows, "y": [1] * rows}
    pq.write_table(pa.table(table), path)
    validate(path, its, output=tmp_path / "out", now=NOW)
    accepted = {row["key"]: row["x"] for row in pq.read_table(tmp_path / "out" / "accepted.parquet").to_pylist()}
    assert [accepted.get(f"k{i}", REFUSED) for i in range(rows)] == wanted
    reader = Reader(its, max_rows=10)
    scored = list(files.rows(reader, path))
    assert [REFUSED if row.faults else comparable(row.values[0], ColumnType.TIMESTAMP) for row in scored] == wanted
    for value, expected in zip(values.to_pylist(), wanted, strict=True):
        if value is not None and value == value and abs(value) != float("inf"):
            try:
                raw = reader.json(json.dumps({"x": value}).encode())
                assert comparable(raw.values[0][0], ColumnType.TIMESTAMP) == expected
            except Refused:
                assert expected == REFUSED


def test_numbers_of_json_are_numbers_whatever_files_write() -> None:
    reader = Reader(contract("{type: number, decimal: ',', thousands: '.'}"), max_rows=10)
    assert reader.json(b'{"x": 1.234}').values[0][0] == 1.234
    with pytest.raises(Refused, match=r"'x': \"1.234\" is found, allowed is a number \(in CSV as 1.234,5\), or null"):
        reader.json(b'{"x": "1.234"}')


def test_a_record_of_the_feature_store_is_as_the_platform_writes_it() -> None:
    check = Reader(contract("{type: number, decimal: ',', thousands: '.'}"), max_rows=10).checks[0]
    assert (check.from_stored("1.234"), check.from_text("1.234")) == (1.234, 1234.0)
    check = Reader(contract("{type: timestamp, format: '%d.%m.%Y', timezone: Europe/Berlin}"), max_rows=10).checks[0]
    assert check.from_stored("2026-11-05T08:30:00Z") == "2026-11-05T08:30:00Z"
