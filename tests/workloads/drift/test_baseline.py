"""What the training data looked like: our own baseline and the files for SageMaker's monitor."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.schema import Column, ColumnType, Feature
from tests.workloads.drift.live import CHURN, customers, write_training
from workloads.drift import baseline, monitor_files
from workloads.drift.histogram import Histogram, Kind
from workloads.job import UserError


def test_a_histogram_a_feature(tmp_path: Path) -> None:
    rows = customers(4000)
    made = baseline.build(write_training(tmp_path, rows), CHURN)
    assert (made["contract"], made["rows"]) == ("churn", 4000)
    assert list(made["features"]) == list(CHURN.feature_names)
    histograms, score = baseline.histograms(made, CHURN)
    assert score is None
    assert {name: item.kind for name, item in histograms.items()} == {
        "tenure_months": Kind.NUMERIC,
        "log_volume": Kind.NUMERIC,
        "volume_missing": Kind.CATEGORICAL,
        "tickets": Kind.CATEGORICAL,
        "tickets_per_year": Kind.NUMERIC,
        "volume_per_tenure": Kind.NUMERIC,
    }
    missing = sum(row["transaction_volume"] is None for row in rows)
    assert histograms["log_volume"].missing == missing > 0
    assert histograms["volume_missing"].counts == (4000 - missing, missing, 0)
    tenure = np.clip([row["user_tenure_months"] for row in rows], 0, 120).astype(float)
    assert histograms["tenure_months"] == Histogram.of(tenure)


def test_the_scores_and_the_name_of_the_data_set_come_later(tmp_path: Path) -> None:
    made = baseline.build(write_training(tmp_path, customers(100)), CHURN)
    scores = np.linspace(0, 1, 500, dtype=np.float32)
    complete = baseline.of_model(made, scores, "0123456789abcdef")
    assert not {"score", "dataset_version"} & made.keys()
    assert complete["dataset_version"] == "0123456789abcdef"
    assert {name: complete[name] for name in made} == made
    assert Histogram.from_dict(json.loads(json.dumps(complete))["score"]) == Histogram.of(scores.astype(float))


def test_what_etl_writes_is_what_the_baseline_reads(tmp_path: Path) -> None:
    from tests.workloads.etl.accepted import accepted_rows, write  # the ETL room's own input
    from workloads.etl.embedded import run

    manifest = run(write(tmp_path / "in" / "a.parquet", accepted_rows()).parent, CHURN, tmp_path / "out")
    made = baseline.build(tmp_path / "out" / "train", CHURN)
    assert made["rows"] == manifest["splits"]["train"]["rows"]
    statistics, _ = monitor_files.build(tmp_path / "out" / "train", CHURN)
    assert [feature["name"] for feature in statistics["features"]] == [column.name for column in CHURN.inputs]


class TestErrors:
    """What no baseline can be made of."""

    def error(self, directory: Path) -> str:
        with pytest.raises(UserError) as caught:
            baseline.build(directory, CHURN)
        return str(caught.value)

    def test_no_file(self, tmp_path: Path) -> None:
        assert self.error(tmp_path) == f"--data: no Parquet file in {tmp_path}; run ETL first"

    def test_no_row(self, tmp_path: Path) -> None:
        write_training(tmp_path, [])
        assert self.error(tmp_path) == f"--data: no row in {tmp_path}; run ETL on more data"

    def test_missing_features(self, tmp_path: Path) -> None:
        pq.write_table(pa.table({name: [1.0] for name in CHURN.feature_names[2:]}), tmp_path / "x.parquet")
        assert self.error(tmp_path) == (
            "--data: x.parquet lacks the features tenure_months, log_volume; run ETL with this contract"
        )

    def test_missing_inputs(self, tmp_path: Path) -> None:
        pq.write_table(pa.table({"transaction_volume": [1.0]}), tmp_path / "x.parquet")
        with pytest.raises(UserError) as caught:
            monitor_files.build(tmp_path, CHURN)
        assert str(caught.value) == (
            "--data: x.parquet lacks the inputs user_tenure_months, support_tickets; run ETL with this contract"
        )

    def test_a_baseline_of_other_features(self, tmp_path: Path) -> None:
        made = baseline.build(write_training(tmp_path, customers(50)), CHURN)
        other = dataclasses.replace(CHURN, features=(Feature(name="x", expression="support_tickets"),))
        with pytest.raises(UserError) as caught:
            baseline.histograms(made, other)
        assert str(caught.value) == (
            f"--baseline: it has the features {', '.join(CHURN.feature_names)}; the contract has x; "
            "give the baseline of the model that is live"
        )


class TestMonitorFiles:
    """The layout of the developer guide's schemas for statistics.json and constraints.json."""

    EXTRA = (
        Column(name="region", type=ColumnType.STRING, nullable=True),
        Column(name="code", type=ColumnType.STRING),
        Column(name="vip", type=ColumnType.BOOLEAN),
        Column(name="balance", type=ColumnType.NUMBER, nullable=True),
    )

    @pytest.fixture
    def files(self, tmp_path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
        columns = [
            c for c in CHURN.columns if c.name in ("customer_id", "event_time", "churn_label", "support_tickets")
        ]
        contract = dataclasses.replace(CHURN, columns=(*columns, *self.EXTRA))
        table = pa.table(
            {
                "support_tickets": pa.array([None if i % 300 == 7 else i % 5 for i in range(3000)]),
                "region": pa.array([("north", "south", None)[i % 3] for i in range(3000)]),
                "code": pa.array([f"code-{i}" for i in range(3000)]),
                "vip": pa.array([i % 4 == 0 for i in range(3000)]),
                "balance": pa.array(np.linspace(-10.0, 10.0, 3000)),
            }
        )
        pq.write_table(table, tmp_path / "part.parquet")
        statistics, constraints = monitor_files.build(tmp_path, contract)
        json.dumps([statistics, constraints], allow_nan=False)
        return statistics, constraints

    def test_statistics(self, files: tuple[dict[str, Any], dict[str, Any]]) -> None:
        statistics = files[0]
        assert (statistics["version"], statistics["dataset"]) == (0.0, {"item_count": 3000})
        tickets, region, code, vip, balance = statistics["features"]
        assert (tickets["name"], tickets["inferred_type"]) == ("support_tickets", "Integral")
        figures = tickets["numerical_statistics"]
        assert figures["common"] == {"num_present": 2990, "num_missing": 10}
        values = np.array([i % 5 for i in range(3000) if i % 300 != 7])
        assert [figures[name] for name in ("mean", "sum", "std_dev", "min", "max")] == pytest.approx(
            [values.mean(), values.sum(), values.std(), 0, 4]
        )
        assert region["string_statistics"] == {
            "common": {"num_present": 2000, "num_missing": 1000},
            "distinct_count": 2.0,
            "distribution": {
                "categorical": {"buckets": [{"value": "north", "count": 1000}, {"value": "south", "count": 1000}]}
            },
        }
        assert code["string_statistics"]["distinct_count"] == 3000.0
        assert len(code["string_statistics"]["distribution"]["categorical"]["buckets"]) == 20
        assert vip["inferred_type"] == "Unknown"
        assert balance["inferred_type"] == "Fractional"

    def test_the_distribution_holds_every_row(self, files: tuple[dict[str, Any], dict[str, Any]]) -> None:
        kll = files[0]["features"][4]["numerical_statistics"]["distribution"]["kll"]
        buckets = kll["buckets"]
        assert (len(buckets), buckets[0]["lower_bound"], buckets[-1]["upper_bound"]) == (10, -10.0, 10.0)
        assert sum(bucket["count"] for bucket in buckets) == 3000
        sketch = kll["sketch"]
        assert sketch["parameters"] == {"c": 0.64, "k": 2048.0}
        assert sum(2**level * len(items) for level, items in enumerate(sketch["data"])) == 3000
        assert sketch["data"] == [[], np.linspace(-10.0, 10.0, 3000)[1::2].tolist()]

    def test_constraints(self, files: tuple[dict[str, Any], dict[str, Any]]) -> None:
        constraints = files[1]
        assert constraints["features"] == [
            {
                "name": "support_tickets",
                "inferred_type": "Integral",
                "completeness": 0.99,
                "num_constraints": {"is_non_negative": True},
            },
            {
                "name": "region",
                "inferred_type": "String",
                "completeness": 0.66,
                "string_constraints": {"domains": ["north", "south"]},
            },
            {"name": "code", "inferred_type": "String", "completeness": 1.0},
            {"name": "vip", "inferred_type": "Unknown", "completeness": 1.0},
            {
                "name": "balance",
                "inferred_type": "Fractional",
                "completeness": 1.0,
                "num_constraints": {"is_non_negative": False},
            },
        ]
        assert constraints["monitoring_config"]["distribution_constraints"] == {
            "perform_comparison": "Enabled",
            "comparison_threshold": 0.15,
            "comparison_method": "Robust",
            "categorical_comparison_threshold": 0.15,
            "categorical_drift_method": "LInfinity",
        }

    def test_a_column_of_which_requests_may_hold_delivered_texts(self, tmp_path: Path) -> None:
        values = {"support_tickets": (("none", 0),), "region": (("n", "north"),)}
        columns = [*(c for c in CHURN.columns if c.name not in ("user_tenure_months", "transaction_volume"))]
        columns.append(Column(name="region", type=ColumnType.STRING))
        columns = [dataclasses.replace(c, values=values.get(c.name, ())) for c in columns]
        table = pa.table({"support_tickets": [0, 1, 2], "region": ["north", "south", "north"]})
        pq.write_table(table, tmp_path / "part.parquet")
        _, constraints = monitor_files.build(tmp_path, dataclasses.replace(CHURN, columns=tuple(columns)))
        assert constraints["features"] == [
            {
                "name": "support_tickets",
                "inferred_type": "Unknown",
                "completeness": 1.0,
                "num_constraints": {"is_non_negative": True},
            },
            {
                "name": "region",
                "inferred_type": "String",
                "completeness": 1.0,
                "string_constraints": {"domains": ["north", "south", "n"]},
            },
        ]

    def test_a_column_without_a_value(self, tmp_path: Path) -> None:
        rows = [row | {"transaction_volume": None} for row in customers(10)]
        statistics, constraints = monitor_files.build(write_training(tmp_path, rows), CHURN)
        assert statistics["features"][1] == {
            "name": "transaction_volume",
            "inferred_type": "Unknown",
            "numerical_statistics": {"common": {"num_present": 0, "num_missing": 10}},
        }
        assert constraints["features"][1] == {
            "name": "transaction_volume", "inferred_type": "Unknown", "completeness": 0.0
        }  # fmt: skip
