"""D6: the same accepted files give the same data set on Spark and on the embedded engine."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.workloads.etl.accepted import CHURN, START, accepted_rows, delivered, write
from tests.workloads.tasks import problems
from workloads.etl import embedded
from workloads.etl import spark as on_spark
from workloads.etl.manifest import Provenance, TooFewRowsError
from workloads.features.split import PARTS
from workloads.inputs import file_sha256
from workloads.job import UserError
from workloads.validation import validate

pytestmark = pytest.mark.spark


def without_hashes(manifest: dict[str, Any]) -> dict[str, Any]:
    """Spark reads no file only to hash it: an accepted file is called by the hash of what was delivered."""
    return {**manifest, "sources": [{"name": each["name"], "rows": each["rows"]} for each in manifest["sources"]]}


@pytest.mark.parametrize("noted", [False, True], ids=["by last event", "by time of delivery"])
def test_spark_and_embedded_agree(spark: Any, tmp_path: Path, noted: bool) -> None:
    """A folder named like a column among them: it is no column on either."""
    rows = accepted_rows(120)
    correction = [row | {"support_tickets": 77} for row in rows[:10]]  # its last event is the earliest
    later = [row | {"support_tickets": 88} for row in rows[10:20]]
    write(
        tmp_path / "in" / "churn_label=1" / "0.parquet", [*later, rows[0] | {"event_time": START + timedelta(days=40)}]
    )
    if noted:
        delivered(tmp_path / "in" / "b.parquet", rows, START + timedelta(days=50))
        delivered(tmp_path / "in" / "a.parquet", correction, START + timedelta(days=50, seconds=1))
    else:
        write(tmp_path / "in" / "b.parquet", rows)
        write(tmp_path / "in" / "a.parquet", correction)

    manifest = embedded.run(tmp_path / "in", CHURN, tmp_path / "embedded")
    theirs = on_spark.run(spark, str(tmp_path / "in"), CHURN, str(tmp_path / "spark"))

    assert without_hashes(theirs) == without_hashes(manifest)
    assert manifest["superseded"] == {"rows": 20, "conflicting": 20}
    order = "0.parquet b.parquet a.parquet" if noted else "a.parquet b.parquet 0.parquet"
    assert [item["name"] for item in manifest["sources"]] == order.split()
    for part in PARTS:
        ours = pq.read_table(tmp_path / "embedded" / part)
        spark_s = pq.read_table(tmp_path / "spark" / part).drop_columns(["event_date_"])
        assert spark_s.schema.types == ours.schema.types
        assert spark_s.column_names == ours.column_names
        spark_s = spark_s.sort_by([("customer_id", "ascending"), ("event_time", "ascending")])
        for name in ours.column_names:
            assert ours[name].null_count == spark_s[name].null_count, name
            if name in CHURN.feature_names:  # ln may differ in the last bit
                np.testing.assert_allclose(spark_s[name].to_numpy(), ours[name].to_numpy(), rtol=1e-14, err_msg=name)
            else:
                assert spark_s[name].to_pylist() == ours[name].to_pylist(), name


@pytest.mark.parametrize("problem", ["multiclass", "numbered", "poisson"])
def test_the_label_of_each_task_is_stored_alike(spark: Any, tmp_path: Path, problem: str) -> None:
    contract = problems.contract(problem)
    labels = contract.classes if contract.classes else (0, 3, 7)
    lines = "".join(f'{index},{index / 10},{-index},"{labels[index % len(labels)]}"\n' for index in range(400))
    (tmp_path / "rows.csv").write_text(f"id,a,b,y\n{lines}")
    validate(tmp_path / "rows.csv", contract, output=tmp_path / "in", now=START, delivered=START)
    manifest = embedded.run(tmp_path / "in", contract, tmp_path / "embedded")
    assert without_hashes(on_spark.run(spark, str(tmp_path / "in"), contract, str(tmp_path / "spark"))) == (
        without_hashes(manifest)
    )
    for part in PARTS:
        ours = pq.read_table(tmp_path / "embedded" / part)
        theirs = pq.read_table(tmp_path / "spark" / part).sort_by("id")
        assert (theirs.schema.field("y").type, theirs["y"].to_pylist()) == (
            ours.schema.field("y").type,
            ours["y"].to_pylist(),
        )
        assert ours["y"].null_count == 0


def test_categories_are_stored_alike_as_texts(spark: Any, tmp_path: Path) -> None:
    contract = problems.contract("categorical")
    plans = ["basic", " Basic ", "", "häuslich ☂", "NA", '"a, b"']
    lines = "".join(f"{i},1,2,{plans[i % 6]},{('S', 'small', '')[i % 3]},{i // 2 % 2}\n" for i in range(400))
    (tmp_path / "rows.csv").write_text(f"id,a,b,plan,size,y\n{lines}", encoding="utf-8")
    validate(tmp_path / "rows.csv", contract, output=tmp_path / "in", now=START, delivered=START)
    manifest = embedded.run(tmp_path / "in", contract, tmp_path / "embedded")
    assert without_hashes(on_spark.run(spark, str(tmp_path / "in"), contract, str(tmp_path / "spark"))) == (
        without_hashes(manifest)
    )
    stored = ["basic", "Basic", None, "häuslich ☂", None, "a, b"]
    for part in PARTS:
        ours = pq.read_table(tmp_path / "embedded" / part)
        theirs = pq.read_table(tmp_path / "spark" / part).sort_by("id")
        assert ours["plan"].to_pylist() == [stored[i % 6] for i in ours["id"].to_pylist()]
        assert ours["kind"].to_pylist() == [("S", "S", None)[i % 3] for i in ours["id"].to_pylist()]
        for name in ("id", "plan", "size", "kind"):
            assert theirs[name].to_pylist() == ours[name].to_pylist(), name


def test_a_day_is_one_sorted_file_however_many_small_ones_its_rows_came_in_and_is_read_alone(
    spark: Any, tmp_path: Path
) -> None:
    rows = accepted_rows(300)  # of eight days
    for index in range(0, 300, 10):
        write(tmp_path / "in" / f"{index}.parquet", rows[index : index + 10])
    with on_spark.prepared(spark, [str(tmp_path / "in")], CHURN, Provenance()) as (found, manifest):
        on_spark.write(found, CHURN, str(tmp_path / "out"))
    days = {f"event_date_={row['event_time']:%Y-%m-%d}" for row in rows}
    assert manifest["splits"]["train"]["rows"] > 200
    assert {path.parent.name for path in (tmp_path / "out" / "train").rglob("*.parquet")} == days
    for day in (tmp_path / "out" / "train").glob("event_date_=*"):
        (file,) = day.glob("*.parquet")
        order = [(row["customer_id"], row["event_time"]) for row in pq.ParquetFile(file).read().to_pylist()]
        assert order == sorted(order)
    day = sorted(days)[0].partition("=")[2]
    some = spark.read.parquet(str(tmp_path / "out" / "train")).where(f"event_date_ = '{day}'")
    filters = some._jdf.queryExecution().executedPlan().toString().partition("PartitionFilters: ")[2].partition("]")[0]
    assert filters.startswith("[isnotnull(event_date_#") and filters.endswith(f" = {day})")


def test_the_hash_of_every_file_is_told_by_where_it_lies(spark: Any, tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.parquet", accepted_rows(120))
    on_spark.run(spark, str(tmp_path / "in"), CHURN, str(tmp_path / "out"))
    found = {
        path.relative_to(tmp_path / "out").as_posix(): file_sha256(path)
        for path in (tmp_path / "out").rglob("*.parquet")
    }
    assert on_spark.digests(spark, str(tmp_path / "out")) == found


def test_a_file_that_repeats_itself_is_refused(spark: Any, tmp_path: Path) -> None:
    rows = accepted_rows(200)
    write(tmp_path / "in" / "a.parquet", [*rows, rows[5]])
    with pytest.raises(UserError) as refused:
        on_spark.run(spark, str(tmp_path / "in"), CHURN, str(tmp_path / "spark"))
    assert str(refused.value) == (
        "--input: not accepted data of this contract; validate it first\n"
        "  the same customer_id and event_time occur more than once in a file"
    )
    assert not (tmp_path / "spark").exists()


def test_too_few_rows_are_refused_in_the_same_words_and_nothing_is_written(spark: Any, tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.parquet", accepted_rows(3))
    with pytest.raises(TooFewRowsError) as ours:
        embedded.run(tmp_path / "in", CHURN, tmp_path / "embedded")
    with pytest.raises(TooFewRowsError) as theirs:
        on_spark.run(spark, str(tmp_path / "in"), CHURN, str(tmp_path / "spark"))
    assert str(theirs.value) == str(ours.value)
    assert not (tmp_path / "spark").exists()
