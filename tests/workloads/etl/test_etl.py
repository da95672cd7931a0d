"""The data set that ETL makes of accepted files, on the embedded engine."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.schema import Column, ColumnType, Contract, Feature, Pii, Split, to_json
from tests.workloads.etl.accepted import CHURN, SCHEMA, accepted_rows, write
from tests.workloads.etl.data_sets import OUTPUT_COLUMNS, contents, rows_of
from workloads.etl import embedded
from workloads.etl.__main__ import main
from workloads.etl.embedded import run
from workloads.etl.manifest import Provenance
from workloads.etl.transform import completed
from workloads.etl.version import rows_digest
from workloads.features.row import row_function
from workloads.features.split import PARTS, part
from workloads.job import UserError
from workloads.validation import validate


def test_every_row_is_in_the_part_of_its_entity_with_its_features(source: Path, tmp_path: Path) -> None:
    run(source, CHURN, tmp_path / "out")
    parts = rows_of(tmp_path / "out")
    accepted = {row["customer_id"]: row for row in accepted_rows()}
    features_of = row_function(CHURN)
    assert sum(map(len, parts.values())) == len(accepted)
    for part_name, rows in parts.items():
        assert [row["customer_id"] for row in rows] == sorted(row["customer_id"] for row in rows)
        for row in rows:
            raw = accepted[row["customer_id"]]
            assert part(row["customer_id"], CHURN.split) == part_name
            assert {key: row[key] for key in raw} == raw
            found = [math.nan if row[name] is None else row[name] for name in CHURN.feature_names]
            assert found == pytest.approx(features_of(raw), rel=1e-14, nan_ok=True)
            assert row["tenure_band"] == sum((raw["user_tenure_months"] or 0) >= edge for edge in (12, 36))


def test_a_folder_named_like_a_column_is_no_column(source: Path, tmp_path: Path) -> None:
    run(source, CHURN, tmp_path / "plain")
    write(tmp_path / "churn_label=1" / "accepted" / "support_tickets=7" / "a.parquet", accepted_rows())
    run(tmp_path / "churn_label=1", CHURN, tmp_path / "out")
    assert rows_of(tmp_path / "out") == rows_of(tmp_path / "plain")


def test_columns_and_types(source: Path, tmp_path: Path) -> None:
    run(source, CHURN, tmp_path / "out")
    for name in PARTS:
        schema = pq.read_schema(tmp_path / "out" / name / "part-00000.parquet")
        assert [(field.name, field.type) for field in schema] == OUTPUT_COLUMNS


def test_the_manifest(source: Path, tmp_path: Path) -> None:
    manifest = run(
        source, CHURN, tmp_path / "out", provenance=Provenance(code_version="c0ffee", requested_version="v1")
    )
    parts = rows_of(tmp_path / "out")
    assert json.loads((tmp_path / "out" / "manifest" / "manifest.json").read_text()) == manifest
    assert len(manifest["dataset_version"]) == 16
    last = max(row["event_time"] for row in accepted_rows())
    assert manifest | {"dataset_version": "", "schema": {}} == {
        "contract": {"name": "churn", "sha256": hashlib.sha256(to_json(CHURN).encode()).hexdigest()},
        "dataset_version": "",
        "requested_version": "v1",
        "code_version": "c0ffee",
        "created": last.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "event_times": {"first": "2026-11-01T00:00:00Z", "last": last.strftime("%Y-%m-%dT%H:%M:%SZ")},
        "splits": {
            name: {"rows": len(rows), "positives": sum(row["churn_label"] for row in rows)}
            for name, rows in parts.items()
        },
        "superseded": {"rows": 0, "conflicting": 0},
        "features": list(CHURN.feature_names),
        "schema": {},
        "sources": [
            {
                "name": "a.parquet",
                "sha256": hashlib.sha256((source / "a.parquet").read_bytes()).hexdigest(),
                "rows": 200,
            }
        ],
    }
    assert list(manifest["schema"]) == [name for name, _ in OUTPUT_COLUMNS]
    assert manifest["schema"]["churn_label"] == "TINYINT"


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    source = write(tmp_path / "accepted" / "a.parquet", accepted_rows(30_000)).parent
    run(source, CHURN, tmp_path / "one")
    run(source, CHURN, tmp_path / "two", memory_limit_mb=100)
    run(source, CHURN, tmp_path / "one")  # over what is there
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert list(contents(tmp_path / "one")) == [
        "manifest/manifest.json",
        "test/part-00000.parquet",
        "train/part-00000.parquet",
        "validation/part-00000.parquet",
    ]


class TestVersion:
    """The data set's version is its content."""

    def version(self, directory: Path, files: dict[str, list[dict[str, Any]]], contract: Contract = CHURN) -> str:
        for name, rows in files.items():
            write(directory / "accepted" / name, rows)
        version = run(directory / "accepted", contract, directory / "out")["dataset_version"]
        for name in files:
            (directory / "accepted" / name).unlink()
        return version

    @pytest.fixture
    def base(self, tmp_path: Path) -> str:
        return self.version(tmp_path, {"a.parquet": accepted_rows()})

    def test_names_order_and_spread_of_files_do_not_matter(self, base: str, tmp_path: Path) -> None:
        rows = accepted_rows()
        assert self.version(tmp_path, {"b.parquet": rows[::-1]}) == base
        assert self.version(tmp_path, {"x/1.parquet": rows[150:], "0.parquet": rows[:150]}) == base
        assert self.version(tmp_path, {"a.parquet": rows, "again.parquet": rows}) == base

    @pytest.mark.parametrize(
        ("column", "value"),
        [("churn_label", 1), ("transaction_volume", 0.20000000000000004), ("support_tickets", None)],
    )
    def test_any_other_value_is_another_version(self, base: str, tmp_path: Path, column: str, value: Any) -> None:
        rows = accepted_rows()
        assert rows[2][column] != value
        rows[2][column] = value
        assert self.version(tmp_path, {"a.parquet": rows}) != base

    def test_neither_batches_nor_neighbours_run_together(self) -> None:
        def version(*batches: list[str | None]) -> str:
            return rows_digest(pa.record_batch({"t": pa.array(b, pa.string())}) for b in batches)

        assert version(["a", "bc"], ["d", None]) == version(["a"], ["bc", "d", None])
        assert len({version(["a", "bc"]), version(["ab", "c"]), version(["abc"]), version(["a", None])}) == 4

    def test_a_null_is_not_a_zero(self, tmp_path: Path) -> None:
        rows = accepted_rows()
        rows[1]["support_tickets"], rows[2]["support_tickets"] = None, 0
        swapped = [dict(row) for row in rows]
        swapped[1]["support_tickets"], swapped[2]["support_tickets"] = 0, None
        assert self.version(tmp_path, {"a.parquet": rows}) != self.version(tmp_path, {"a.parquet": swapped})

    def test_what_shapes_the_data_is_part_of_it_and_nothing_else(self, base: str, tmp_path: Path) -> None:
        files = {"a.parquet": accepted_rows()}
        wording = dataclasses.replace(CHURN, description="other", threshold=0.5)
        assert self.version(tmp_path, files, wording) == base
        features = (*CHURN.features[:-1], Feature(name="volume_per_tenure", expression="transaction_volume"))
        assert self.version(tmp_path, files, dataclasses.replace(CHURN, features=features)) != base
        split = Split(train=60, validation=20, test=20)
        assert self.version(tmp_path, files, dataclasses.replace(CHURN, split=split)) != base


class TestErrors:
    """What cannot become a data set says why."""

    def error(self, source: Path, contract: Contract = CHURN) -> str:
        with pytest.raises(UserError) as caught:
            run(source, contract, source.parent / "out")
        assert not list((source.parent / "out").rglob("*.parquet"))
        return str(caught.value)

    @pytest.mark.parametrize("exists", [True, False])
    def test_no_input(self, tmp_path: Path, exists: bool) -> None:
        source = tmp_path / "accepted"
        if exists:
            source.mkdir()
        expected = f"--input: no Parquet file in {source}; deliver data and let validation accept it first"
        assert self.error(source) == expected

    def test_every_file_that_is_not_accepted_data_is_named(self, source: Path) -> None:
        rows = accepted_rows(3)
        write(source / "b.parquet", rows, SCHEMA.remove(SCHEMA.get_field_index("churn_label")))
        position = SCHEMA.get_field_index("support_tickets")
        write(source / "c.parquet", rows, SCHEMA.set(position, pa.field("support_tickets", pa.int16())))
        write(source / "d.parquet", [*rows, rows[1], rows[1], rows[2]])
        (source / "e.parquet").write_bytes(b"PAR1 but no more")
        lines = self.error(source).splitlines()
        assert lines[:4] == [
            "--input: not accepted data of this contract; validate it first",
            "  b.parquet: column churn_label is missing; the file has customer_id, event_time, user_tenure_months, "
            "transaction_volume, support_tickets; a column that came to the contract after a file has to be nullable: "
            "columns.churn_label.nullable",
            "  c.parquet: column support_tickets is of type SMALLINT; BIGINT is allowed",
            "  d.parquet: 2 times the same customer_id and event_time occur more than once",
        ]
        assert lines[4].startswith("  e.parquet: cannot be read (")
        assert len(lines) == 5

    @pytest.mark.parametrize(
        ("files", "named"),
        [({"a": True}, "a"), ({"a": False, "b": True}, "b"), ({"a": True, "b": False}, "a")],
        ids=["the only one", "the last one", "one that gives way"],
    )
    @pytest.mark.parametrize("count", [3, 200], ids=["of too few rows", "of enough rows"])
    def test_a_file_whose_rows_repeat_each_other_is_named(
        self, source: Path, files: dict[str, bool], named: str, count: int
    ) -> None:
        rows = accepted_rows(count)
        for name, repeats in files.items():
            write(source / f"{name}.parquet", [*rows, rows[1], rows[1], rows[2]] if repeats else rows)
        assert self.error(source) == (
            "--input: not accepted data of this contract; validate it first\n"
            f"  {named}.parquet: 2 times the same customer_id and event_time occur more than once"
        )

    def test_a_part_without_rows_or_with_one_class(self, tmp_path: Path) -> None:
        rows = [row for row in accepted_rows(40) if part(row["customer_id"], CHURN.split) != "test"]
        for row in rows:
            row["churn_label"] = 1 if part(row["customer_id"], CHURN.split) == "train" else row["churn_label"]
        train = sum(part(row["customer_id"], CHURN.split) == "train" for row in rows)
        source = write(tmp_path / "in" / "a.parquet", rows).parent
        assert self.error(source) == (
            "no data set can be made of this input\n"
            f"  train has rows with churn_label = 0 of 0 entities and with 1 of {train}; "
            "at least 1 of each are needed\n"
            f"  test has no rows: its share of {len(rows)} entities is 15 %; deliver more entities"
        )

    def test_a_test_part_of_which_no_auc_has_an_interval(self, tmp_path: Path) -> None:
        rows = accepted_rows(200)
        tested = [row for row in rows if part(row["customer_id"], CHURN.split) == "test"]
        for number, row in enumerate(tested):
            row["churn_label"] = int(number == 3)
        source = write(tmp_path / "in" / "a.parquet", rows).parent
        assert self.error(source) == (
            "no data set can be made of this input\n"
            f"  test has rows with churn_label = 0 of {len(tested) - 1} entities and with 1 of 1; "
            "at least 2 of each are needed"
        )

    def test_files_without_rows(self, tmp_path: Path) -> None:
        source = write(tmp_path / "in" / "a.parquet", []).parent
        assert self.error(source) == f"--input: no row in the 1 Parquet files of {source}; deliver data with rows"


def test_what_validation_accepts_etl_takes(tmp_path: Path) -> None:
    """Hashed entity, dropped column, boolean label, text and timestamp columns: all through both rooms."""
    extra = (
        Column(name="email", type=ColumnType.STRING, pii=Pii.DROP),
        Column(name="region", type=ColumnType.STRING),
        Column(name="joined", type=ColumnType.TIMESTAMP, nullable=True),
        Column(name="vip", type=ColumnType.BOOLEAN),
    )
    columns = [
        dataclasses.replace(c, type=ColumnType.BOOLEAN, allowed=()) if c.name == "churn_label" else c
        for c in CHURN.columns
    ]
    columns[0] = dataclasses.replace(columns[0], type=ColumnType.INTEGER, pii=Pii.HASH)
    new = (Feature(name="vip", expression="vip"), Feature(name="new", expression="missing(joined)"))
    contract = dataclasses.replace(
        CHURN,
        columns=(*columns, *extra),
        features=(*CHURN.features, *new),
        segments=(Feature(name="region", expression="region"),),
    )
    names = [column.name for column in contract.columns]
    lines = [",".join(names)]
    for index in range(300):
        row = {"customer_id": index, "event_time": "2026-11-01", "user_tenure_months": 3, "transaction_volume": 1.5,
               "support_tickets": "", "churn_label": "true" if index % 2 else "false", "email": "e@example.org",
               "region": "north, far", "joined": "" if index % 3 else "2020-01-01", "vip": index % 2}  # fmt: skip
        lines.append(",".join(f'"{row[name]}"' for name in names))
    (tmp_path / "day.csv").write_text("\n".join(lines))
    now = datetime(2026, 11, 21, tzinfo=UTC)
    options: dict[str, Any] = {"now": now, "delivered": now, "salt": b"sixteen bytes!!!"}
    verdict = validate(tmp_path / "day.csv", contract, output=tmp_path / "judged", **options)
    assert verdict.accepted == 300, verdict
    (tmp_path / "judged" / "quarantine").mkdir()
    run(tmp_path / "judged", contract, tmp_path / "out")
    row = pq.read_table(tmp_path / "out" / "train").to_pylist()[0]
    assert list(row) == ["customer_id", "event_time", *contract.feature_names, "churn_label", "region",
                         "user_tenure_months", "transaction_volume", "support_tickets", "joined"]  # fmt: skip
    assert len(row["customer_id"]) == 64
    assert (row["region"], row["vip"] in (0.0, 1.0), row["churn_label"] in (0, 1)) == ("north, far", True, True)


class TestCommandLine:
    """Exit codes and what is said."""

    @pytest.fixture
    def arguments(self, source: Path, tmp_path: Path) -> Iterator[list[str]]:
        (tmp_path / "contract.json").write_text(to_json(CHURN))
        yield ["--contract", str(tmp_path), "--input", str(source), "--output", str(tmp_path / "out")]

    def test_as_a_process(self, arguments: list[str], tmp_path: Path) -> None:
        environment = {"PATH": "/usr/bin:/bin", "CODE_VERSION": "c0ffee", "DATASET_VERSION": "v7"}
        done = subprocess.run(
            [sys.executable, "-m", "workloads.etl", *arguments],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, "")
        line = json.loads(done.stderr)
        assert line["message"] == f"data set {line['manifest']['dataset_version']}"
        assert (line["manifest"]["code_version"], line["manifest"]["requested_version"]) == ("c0ffee", "v7")
        assert (tmp_path / "out" / "train" / "part-00000.parquet").exists()

    def test_wrong_input(self, arguments: list[str], source: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (source / "a.parquet").unlink()
        assert main(arguments) == 2
        assert json.loads(capsys.readouterr().err)["message"].startswith("--input: no Parquet file in ")

    def test_a_contract_that_is_none(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        Path(arguments[1], "contract.json").write_text("columns: []")
        assert main(arguments) == 2
        assert "is not a compiled contract" in json.loads(capsys.readouterr().err)["message"]
        Path(arguments[1], "contract.json").unlink()
        assert main(arguments) == 2
        assert json.loads(capsys.readouterr().err)["message"] == (
            f"contract: no file at {arguments[1]}/contract.json; give the compiled contract (contract.json)"
        )


def test_the_projection_of_all_parts_is_planned_once(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library's work on one grows with the square of its columns: planned for each part, it was most of the job."""
    planned: list[Contract] = []

    def counted(frame: Any, contract: Contract) -> Any:
        planned.append(contract)
        return completed(frame, contract)

    monkeypatch.setattr(embedded, "completed", counted)
    run(source, CHURN, tmp_path / "out")
    assert planned == [CHURN]
    assert {name for name, rows in rows_of(tmp_path / "out").items() if rows} == set(PARTS)
