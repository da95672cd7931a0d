"""A contract grows: files that were accepted before a column came to it stay in the data set, without a value there."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xgboost as xgb

from contracts.schema import Column, ColumnType, Contract, Feature, Training
from tests.workloads.etl.accepted import CHURN, SCHEMA, START, accepted_rows, write
from tests.workloads.etl.data_sets import changed, rows_of
from workloads.etl import spark as on_spark
from workloads.etl.embedded import run
from workloads.features.split import PARTS
from workloads.job import UserError
from workloads.training.__main__ import run as training
from workloads.training.container import Job

WIDER = SCHEMA.append(pa.field("logins", pa.int64()))


def grown(*, nullable: bool = True) -> Contract:
    column = Column(name="logins", type=ColumnType.INTEGER, nullable=nullable)
    feature = Feature(name="logins_known", expression="fill(logins, -1)")
    return dataclasses.replace(CHURN, columns=(*CHURN.columns, column), features=(*CHURN.features, feature))


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """A file from before and one from after; of one row of the former the latter knows more."""
    rows = accepted_rows(120)
    write(tmp_path / "in" / "a.parquet", rows[:100])
    young = [changed(row, logins=index) for index, row in enumerate([rows[99], *rows[100:]])]
    write(tmp_path / "in" / "b.parquet", [*young, changed(young[0], event_time=START + timedelta(days=30))], WIDER)
    return tmp_path / "in"


def logins(output: Path) -> dict[str, tuple[Any, Any]]:
    first = [row for rows in rows_of(output).values() for row in rows if row["event_time"] < START + timedelta(days=29)]
    return {row["customer_id"]: (row["logins"], row["logins_known"]) for row in first}


def test_old_rows_have_no_value_and_new_ones_theirs(both: Path, tmp_path: Path) -> None:
    manifest = run(both, grown(), tmp_path / "out")
    found = logins(tmp_path / "out")
    assert len(found) == 120
    assert (found["C00098"], found["C00099"], found["C00119"]) == ((None, -1.0), (0, 0.0), (20, 20.0))
    assert manifest["schema"]["logins"] == "BIGINT"
    assert manifest["superseded"] == {"rows": 1, "conflicting": 1}


def test_a_contract_may_have_grown_before_any_file_has_the_column(tmp_path: Path) -> None:
    source = write(tmp_path / "in" / "a.parquet", accepted_rows()).parent
    manifest = run(source, grown(), tmp_path / "out")
    assert set(logins(tmp_path / "out").values()) == {(None, -1.0)}
    assert manifest["dataset_version"] != run(source, CHURN, tmp_path / "out")["dataset_version"]


def test_the_next_training_uses_the_column(tmp_path: Path) -> None:
    """Old rows have none of it, and the label of the new ones follows from it alone."""
    rows = accepted_rows(600)
    write(tmp_path / "in" / "a.parquet", rows[:200])
    young = [
        changed(row, logins=(tells := index * 7 % 10), churn_label=int(tells < 4)) for index, row in enumerate(rows)
    ]
    write(tmp_path / "in" / "b.parquet", young[200:], WIDER)
    manifest = run(tmp_path / "in", grown(), tmp_path / "out")
    work = Job(
        channels={part: tmp_path / "out" / part for part in PARTS},
        model=tmp_path / "model",
        checkpoints=tmp_path / "checkpoints",
        output=tmp_path / "output",
        scratch=tmp_path / "scratch",
        contract=grown(),
        manifest=manifest,
        hyperparameters=Training(num_round=5),
    )
    training(work)
    model = xgb.Booster(model_file=tmp_path / "model" / "model.ubj")
    assert model.feature_names == [*CHURN.feature_names, "logins_known"]
    gains = model.get_score(importance_type="total_gain")
    assert max(gains, key=gains.__getitem__) == "logins_known"


@pytest.mark.full
@pytest.mark.spark
def test_spark_reads_such_files_alike(spark: Any, both: Path, tmp_path: Path) -> None:
    for source in (both, write(tmp_path / "old" / "a.parquet", accepted_rows()).parent):
        run(source, grown(), tmp_path / "out")
        on_spark.run(spark, str(source), grown(), str(tmp_path / "spark"))
        for part in PARTS:
            ours = pq.read_table(tmp_path / "out" / part)
            theirs = pq.read_table(tmp_path / "spark" / part).drop_columns(["event_date_"]).cast(ours.schema)
            keys = [("customer_id", "ascending"), ("event_time", "ascending")]
            for name in ("customer_id", "logins", "logins_known"):
                assert theirs.sort_by(keys)[name].to_pylist() == ours[name].to_pylist(), (source.name, part, name)


@pytest.mark.spark
def test_spark_refuses_a_file_without_a_column_that_needs_values(spark: Any, both: Path) -> None:
    with pytest.raises(UserError) as caught:
        on_spark.read(spark, [str(both)], grown(nullable=False))
    assert str(caught.value) == (
        "--input: not accepted data of this contract; validate it first\n"
        "  a.parquet: column logins has no value in 100 of 100 rows; a column that came to the contract after a file "
        "has to be nullable: columns.logins.nullable"
    )
