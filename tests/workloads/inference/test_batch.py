"""Scores for whole files: every format, bad rows beside good ones, files that cannot be read."""

from __future__ import annotations

import csv
import errno
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xgboost as xgb

from contracts import loader
from tests.workloads.inference import serving
from workloads import unpacking
from workloads.features import frame, model_matrix
from workloads.inference import batch

CONTRACT = loader.load(serving.CHURN)
NAMES = ("user_tenure_months", "transaction_volume", "support_tickets")


def run(package: Path, source: Path, output: Path, *more: str) -> int:
    return batch.main(["--model-dir", str(package), "--input", str(source), "--output", str(output), *more])


def scored(path: Path) -> list[tuple[str, str, str]]:
    with path.open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["customer_id", "score", "decision"]
    return [(entity, score, decision) for entity, score, decision in rows[1:]]


@pytest.fixture(scope="module")
def table() -> pa.Table:
    found, _ = serving.customers(25_000, seed=21)
    return found.append_column("customer_id", pa.array([f"C-{n}" for n in range(found.num_rows)]))


@pytest.fixture(scope="module")
def expected(table: pa.Table, booster: xgb.Booster) -> list[float]:
    return booster.inplace_predict(model_matrix.matrix(frame.with_features(table, CONTRACT), CONTRACT)).tolist()


def write(table: pa.Table, path: Path, *, header: bool = True) -> Path:
    rows: list[dict[str, Any]] = table.to_pylist()
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        names = (*NAMES, "customer_id") if header else NAMES
        lines = [",".join("" if row[name] is None else str(row[name]) for name in names) for row in rows]
        path.write_text("\n".join([",".join(names), *lines] if header else lines) + "\n")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_every_format(
    suffix: str,
    package: Path,
    table: pa.Table,
    expected: list[float],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = write(table, tmp_path / f"day{suffix}")
    assert run(package, source, tmp_path / "out") == 0
    found = scored(tmp_path / "out" / "day.scores.csv")
    assert [entity for entity, _, _ in found] == table.column("customer_id").to_pylist()
    assert [float(score) for _, score, _ in found] == expected
    assert [decision for _, _, decision in found] == [str(int(score >= 0.75)) for score in expected]
    assert (tmp_path / "out" / "day.faults.jsonl").read_text() == ""
    summary = json.loads(capsys.readouterr().out)
    positives = sum(score >= 0.75 for score in expected)
    assert summary["skipped"] == []
    assert summary["files"] == [{"file": f"day{suffix}", "rows": 25_000, "bad_rows": 0, "positives": positives}]


@pytest.mark.parametrize("form", [".csv", ".csv.gz", ";", ".jsonl", ".parquet"])
def test_the_file_that_the_model_was_trained_on(
    form: str, package: Path, table: pa.Table, expected: list[float], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With label, event time, and columns that the contract does not have; integers as tools write them with gaps."""
    rows = [
        {**row, "zip": "8001", "event_time": "2026-11-20T10:00:00Z", "notes": "", "churn_label": 1}
        for row in table.slice(0, 50).to_pylist()
    ]
    for row in rows:
        row["support_tickets"] = None if row["support_tickets"] is None else float(row["support_tickets"])
    source = tmp_path / f"day{form.replace(';', '.csv')}"
    if form == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), source)
    elif form == ".jsonl":
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        separator = form if form == ";" else ","
        text = separator.join(rows[0]) + "\n"
        text += "".join(separator.join("N/A" if v is None else str(v) for v in row.values()) + "\n" for row in rows)
        source.write_bytes(gzip.compress(text.encode()) if form == ".csv.gz" else text.encode())
    assert run(package, source, tmp_path / "out") == 0
    found = scored(tmp_path / "out" / "day.scores.csv")
    assert [(entity, float(score)) for entity, score, _ in found] == [
        (row["customer_id"], score) for row, score in zip(rows, expected, strict=False)
    ]
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warned == ['columns that the contract does not have are left out: "notes", "zip"']


@pytest.mark.parametrize("form", [".csv", ".parquet"])
def test_a_file_whose_column_is_misspelled_is_refused(
    form: str, package: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = tmp_path / f"day{form}"
    table = pa.table({"user_tenure_month": [1], "support_tickets": [2], "transaction_volume": [3.0]})
    if form == ".csv":
        source.write_text(",".join(table.column_names) + "\n1,2,3.0\n")
    else:
        pq.write_table(table, source)
    assert run(package, source, tmp_path / "out") == 2
    assert (
        caplog.records[-1]
        .getMessage()
        .endswith(
            "field 'user_tenure_month': an unknown field is found, allowed is 'user_tenure_months', which is not there"
        )
    )


def test_two_files_that_would_be_scored_into_one_are_refused(
    package: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("day.csv", "day.jsonl"):
        (tmp_path / name).touch()
    assert run(package, tmp_path, tmp_path / "out") == 2
    assert caplog.records[-1].getMessage().endswith("would both be scored into day.scores.csv; rename one")


def test_a_csv_without_a_header(package: Path, table: pa.Table, expected: list[float], tmp_path: Path) -> None:
    source = write(table.slice(0, 100), tmp_path / "day.csv", header=False)
    assert run(package, source, tmp_path) == 0
    assert [(entity, float(score)) for entity, score, _ in scored(tmp_path / "day.scores.csv")] == [
        ("", score) for score in expected[:100]
    ]


def test_bad_rows_do_not_stop_the_good_ones(
    package: Path, table: pa.Table, expected: list[float], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = write(table.slice(0, 20), tmp_path / "day.csv")
    lines = source.read_text().splitlines()
    lines[3] = "x,1.5,2,C-2"
    lines[7] = "1,inf,2,C-6"
    lines[9] = "1,2"
    source.write_text("\n".join(lines) + "\n")
    assert run(package, source, tmp_path, "--max-bad-share", "0.2") == 0
    found = scored(tmp_path / "day.scores.csv")
    assert [index for index, (_, score, _) in enumerate(found) if score == ""] == [2, 6, 8]
    good = [index for index in range(20) if index not in (2, 6, 8)]
    assert [float(found[index][1]) for index in good] == [expected[index] for index in good]
    told = [json.loads(line) for line in (tmp_path / "day.faults.jsonl").read_text().splitlines()]
    assert [(line["row"], line["faults"][0].get("field"), line["faults"][0]["found"]) for line in told] == [
        (2, "user_tenure_months", '"x"'),
        (6, "transaction_volume", '"inf"'),
        (8, None, "2 cells"),
    ]
    assert told[2]["faults"][0]["line"] == 10
    assert [found[index][0] for index in (2, 6, 8)] == ["C-2", "C-6", ""]
    assert told[0]["faults"][0]["allowed"] == "an integer from 0 to 600, or null"
    assert run(package, source, tmp_path, "--max-bad-share", "0.1") == 2
    assert caplog.records[-1].getMessage() == "more than 0.1 of the rows are bad in: day.csv"


def test_nan_in_parquet_is_missing_and_infinity_is_not(package: Path, tmp_path: Path) -> None:
    volumes = pa.array([float("nan"), None, float("inf")], pa.float64())
    pq.write_table(pa.table({"transaction_volume": volumes}), tmp_path / "day.parquet")
    assert run(package, tmp_path / "day.parquet", tmp_path, "--max-bad-share", "1") == 0
    scores = [score for _, score, _ in scored(tmp_path / "day.scores.csv")]
    assert scores[0] == scores[1] != ""
    assert scores[2] == ""


def test_a_directory(
    package: Path,
    table: pa.Table,
    expected: list[float],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is a table by name or by content is scored, and what else lies there is told."""
    source = tmp_path / "in"
    (source / "older").mkdir(parents=True)
    few = table.slice(0, 5)
    text = write(few, tmp_path / "rows.csv").read_text()
    lines = write(few, tmp_path / "rows.jsonl").read_bytes()
    columns = write(few, tmp_path / "rows.parquet").read_bytes()
    tables = {
        "a.csv": text.encode(),
        "B.CSV": text.encode(),
        "c.tsv": text.replace(",", "\t").encode(),
        "d.txt.gz": gzip.compress(text.encode()),
        "e.jsonl.gz": gzip.compress(lines),
        "f.ndjson": b"\xef\xbb\xbf" + lines,
        "g.json": lines,
        "h.parquet": columns,
        "part-00000": gzip.compress(columns),
        "i.CSV.GZ": gzip.compress(text.encode()),
    }
    others = {
        "notes.txt": b"no data",
        "_SUCCESS": b"",
        "package.json": b'{"name": "x"}\n',
        "z.zst": b"\x28\xb5\x2f\xfd",
    }
    for name, content in (tables | others).items():
        (source / name).write_bytes(content)
    assert run(package, source, tmp_path / "out") == 0
    for name in tables:
        stem = name.partition(".")[0]
        assert [float(score) for _, score, _ in scored(tmp_path / "out" / f"{stem}.scores.csv")] == expected[:5], name
    assert len(list((tmp_path / "out").iterdir())) == 2 * len(tables)
    left = ["_SUCCESS", "notes.txt", "older", "package.json", "z.zst"]
    assert json.loads(capsys.readouterr().out)["skipped"] == left
    told = "left out, for they are not called a table and begin with no column: " + ", ".join(left)
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [told]


def test_scores_appear_whole_or_not_at_all(
    package: Path, table: pa.Table, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A gzip tells at its end that it is damaged; nor do the scores of a run before this one stay beside the error."""
    whole = gzip.compress(write(table, tmp_path / "day.csv").read_bytes())
    path = tmp_path / "in" / "day.csv.gz"
    path.parent.mkdir()
    path.write_bytes(whole)
    assert run(package, path, tmp_path / "out") == 0
    assert sorted(found.name for found in (tmp_path / "out").iterdir()) == ["day.faults.jsonl", "day.scores.csv"]
    path.write_bytes(whole[:-8] + bytes(4) + whole[-4:])
    assert run(package, path, tmp_path / "out") == 2
    assert list((tmp_path / "out").iterdir()) == []
    told = f"{path}: the gzip file is cut off or damaged (CRC check failed); deliver it again"
    assert caplog.records[-1].getMessage() == told


def test_a_page_of_parquet_whose_checksum_differs_is_refused(
    package: Path, table: pa.Table, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "day.parquet"
    pq.write_table(table.slice(0, 50), path, write_page_checksum=True, compression="none", use_dictionary=False)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"C-17", b"C-71", 1))
    assert run(package, path, tmp_path / "out") == 2
    assert "CRC checksum verification failed" in caplog.records[-1].getMessage()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"x", "a.parquet: the file is called .parquet but begins with b'x' instead of b'PAR1'"),
        ("a.csv", b"", "a.csv: the file is empty"),
        ("a.csv", b"\xff\xa0", "a.csv: after line 0 there is a byte that is no text in utf-8"),
        ("a.csv", b"\xff\xfe", "a.csv: the file is empty"),
        ("a.csv", b'1,2,"3', "a.csv: unexpected end of data"),
        ("a.jsonl", b"{}\n{", "a.jsonl: line 2: Input data was truncated"),
        ("a.jsonl", b"[1]\n", "a.jsonl: line 1: Expected `object`, got `array`"),
        ("a.parquet", b"PAR1", "a.parquet: Parquet"),
        ("a.jsonl.gz", gzip.compress(b"{}\n", mtime=0)[:-3], "a.jsonl.gz: the gzip file is cut off or damaged"),
        ("a.jsonl", b'{"x": ' + b"1" * 2_000_001, "a.jsonl: line 1 is longer than 2000000 letters"),
        ("a.jsonl", b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "a.jsonl: line 1: "),
        (
            "a.csv.gz",
            gzip.compress(b"1,2,3\n" + bytes(50_000_000)),
            "a.csv.gz: line 2 is longer than 2000000 letters, which is the most allowed",
        ),
    ],
)
def test_files_that_cannot_be_read(
    package: Path, tmp_path: Path, name: str, content: bytes, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / name).write_bytes(content)
    assert run(package, tmp_path / name, tmp_path / "out") == 2
    assert caplog.records[-1].getMessage().startswith(f"{tmp_path}/{message}")


@pytest.mark.parametrize("name", ["day.parquet.gz", "day.csv"])
def test_a_full_disk_is_no_fault_of_the_file(
    package: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor a failing one: a job that may be tried again, and nothing that whoever gave the file can mend."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if name.endswith(".gz"):
        pq.write_table(pa.table({"support_tickets": [1]}), tmp_path / "day.parquet")
        (tmp_path / name).write_bytes(gzip.compress((tmp_path / "day.parquet").read_bytes()))
        monkeypatch.setattr(unpacking, "write", fail)
    else:
        (tmp_path / name).write_text("1,2,3\n")
        monkeypatch.setattr(unpacking, "pieces", fail)
    assert run(package, tmp_path / name, tmp_path / "out") == os.EX_TEMPFAIL
    assert "No space left on device" in caplog.records[-1].getMessage()


def test_a_small_file_with_many_rows(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "day.parquet"
    pq.write_table(pa.table({"support_tickets": pa.nulls(500, pa.int64()), "more": range(500)}), path)
    monkeypatch.setattr(unpacking, "MAX_VALUES", 500)
    assert run(package, path, tmp_path / "out", "--max-bad-share", "1") == 0
    monkeypatch.setattr(unpacking, "MAX_VALUES", 499)
    assert run(package, path, tmp_path / "out") == 2
    assert caplog.records[-1].getMessage() == (
        f"{path}: the columns of the file that are read have more than 499 values, nulls too, which is the most "
        "allowed; deliver its rows in several files"
    )


def test_a_machine_short_of_memory_is_no_fault_of_the_file(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise pa.ArrowMemoryError("malloc of size 4194304 failed")

    pq.write_table(pa.table({"support_tickets": [1]}), tmp_path / "day.parquet")
    monkeypatch.setattr(pq, "ParquetFile", fail)
    assert run(package, tmp_path / "day.parquet", tmp_path / "out") == os.EX_TEMPFAIL
    assert "malloc of size 4194304 failed" in caplog.records[-1].getMessage()


def test_what_is_not_there(package: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert run(package, tmp_path / "absent.csv", tmp_path) == 2
    assert "No such file or directory" in caplog.records[-1].getMessage()
    (tmp_path / "empty").mkdir()
    assert run(package, tmp_path / "empty", tmp_path) == 2
    assert (
        caplog.records[-1].getMessage()
        == f"{tmp_path}/empty holds no file that ends in .csv, .tsv, .jsonl, .ndjson, .parquet"
    )
    assert run(tmp_path / "no-model", tmp_path, tmp_path) == 2
    assert caplog.records[-1].getMessage().startswith(f"{tmp_path}/no-model is not a directory")
