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
from workloads.features.split import PARTS
from workloads.validation import validate

pytestmark = pytest.mark.spark


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
    spark.conf.set("spark.sql.session.timeZone", "UTC")

    manifest = embedded.run(tmp_path / "in", CHURN, tmp_path / "embedded")
    on_spark.run(spark, str(tmp_path / "in"), CHURN, str(tmp_path / "spark"))

    assert manifest["superseded"] == {"rows": 20, "conflicting": 20}
    order = "0.parquet b.parquet a.parquet" if noted else "a.parquet b.parquet 0.parquet"
    assert [item["name"] for item in manifest["sources"]] == order.split()
    for part in PARTS:
        ours = pq.read_table(tmp_path / "embedded" / part)
        theirs = pq.read_table(tmp_path / "spark" / part).drop_columns(["event_date_"])
        assert theirs.column_names == ours.column_names
        assert [str(kind) for kind in theirs.schema.types] == [
            str(kind).replace("us, tz=UTC", "ns") for kind in ours.schema.types
        ]  # fmt: skip
        theirs = theirs.cast(ours.schema).sort_by([("customer_id", "ascending"), ("event_time", "ascending")])
        for name in ours.column_names:
            assert ours[name].null_count == theirs[name].null_count, name
            if name in CHURN.feature_names:  # ln may differ in the last bit
                np.testing.assert_allclose(theirs[name].to_numpy(), ours[name].to_numpy(), rtol=1e-14, err_msg=name)
            else:
                assert theirs[name].to_pylist() == ours[name].to_pylist(), name


@pytest.mark.parametrize("problem", ["multiclass", "numbered", "poisson"])
def test_the_label_of_each_task_is_stored_alike(spark: Any, tmp_path: Path, problem: str) -> None:
    contract = problems.contract(problem)
    labels = contract.classes if contract.classes else (0, 3, 7)
    lines = "".join(f'{index},{index / 10},{-index},"{labels[index % len(labels)]}"\n' for index in range(400))
    (tmp_path / "rows.csv").write_text(f"id,a,b,y\n{lines}")
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    validate(tmp_path / "rows.csv", contract, output=tmp_path / "in", now=START, delivered=START)
    embedded.run(tmp_path / "in", contract, tmp_path / "embedded")
    on_spark.run(spark, str(tmp_path / "in"), contract, str(tmp_path / "spark"))
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
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    validate(tmp_path / "rows.csv", contract, output=tmp_path / "in", now=START, delivered=START)
    embedded.run(tmp_path / "in", contract, tmp_path / "embedded")
    on_spark.run(spark, str(tmp_path / "in"), contract, str(tmp_path / "spark"))
    stored = ["basic", "Basic", None, "häuslich ☂", None, "a, b"]
    for part in PARTS:
        ours = pq.read_table(tmp_path / "embedded" / part)
        theirs = pq.read_table(tmp_path / "spark" / part).sort_by("id")
        assert ours["plan"].to_pylist() == [stored[i % 6] for i in ours["id"].to_pylist()]
        assert ours["kind"].to_pylist() == [("S", "S", None)[i % 3] for i in ours["id"].to_pylist()]
        for name in ("id", "plan", "size", "kind"):
            assert theirs[name].to_pylist() == ours[name].to_pylist(), name
