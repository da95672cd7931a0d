"""The whole way: baseline, captured requests, report, metrics."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest

from contracts.schema import to_json
from tests.workloads.drift.live import CHURN, START, customers, json_record, records, write_training
from workloads.drift import baseline, report
from workloads.drift.__main__ import main
from workloads.drift.capture import Captured, read
from workloads.drift.detection import compare, detect
from workloads.drift.distance import jensen_shannon_distance
from workloads.drift.histogram import Histogram
from workloads.drift.publishing import metric_data


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    made = baseline.build(write_training(tmp_path_factory.mktemp("train"), customers(5000)), CHURN)
    return baseline.of_model(made, np.arange(1000) % 100 / 100, "v1")


def detected(reference: dict[str, Any], rows: list[Any], **changes: Any) -> dict[str, Any]:
    contract = dataclasses.replace(CHURN, drift=dataclasses.replace(CHURN.drift, **changes))
    return detect(reference, read(records(rows), CHURN), contract, endpoint="churn-prod")


def test_more_of_the_same_is_stable(reference: dict[str, Any]) -> None:
    found = detected(reference, customers(1000, seed=1))
    assert (found["status"], found["drifted"]) == ("stable", False)
    assert found["drift_score"] == max(feature["score"] for feature in found["features"].values()) < 0.1
    assert found["score"]["score"] < 0.1
    assert found["baseline"] == {"dataset_version": "v1", "rows": 5000}
    assert found["captured"] == {
        "records": 1000,
        "outside_window": 0,
        "unreadable": {},
        "first": "2026-11-21T10:00:00+00:00",
        "last": "2026-11-21T10:16:39+00:00",
    }


def test_other_customers_are_drift_and_the_feature_that_moved_most_is_named(reference: dict[str, Any]) -> None:
    found = detected(reference, customers(1000, seed=1, tenure=60.0))
    assert (found["status"], found["drifted"], found["most_drifted"]) == ("drifted", True, "tenure_months")
    tenure = found["features"]["tenure_months"]
    assert found["drift_score"] == tenure["score"] == tenure["jensen_shannon"] > 0.3
    assert tenure["psi"] > 0.25
    assert tenure["ks"] > 0.3
    assert found["features"]["tickets"]["score"] < 0.1
    assert found["score"]["score"] < 0.1


def test_a_missing_rate_that_changes_is_drift(reference: dict[str, Any]) -> None:
    rows = [row | {"transaction_volume": None if i % 2 else 50.0 + i % 100} for i, row in enumerate(customers(1000))]
    found = detected(reference, rows)
    assert found["drifted"] is True
    volume = found["features"]["log_volume"]
    assert (volume["missing_rate_before"], volume["missing_rate_now"]) == (pytest.approx(0.05, abs=0.01), 0.5)
    assert volume["score"] > 0.15


@pytest.mark.parametrize(("rows", "status"), [(299, "not enough rows"), (300, "stable")])
def test_few_rows_are_not_judged(reference: dict[str, Any], rows: int, status: str) -> None:
    found = detected(reference, customers(rows, seed=2), max_score=0.3)
    assert found["status"] == status
    assert (found["drift_score"] is None) == (found["features"] == {}) == (rows < 300)
    assert (found["rows"], found["min_rows"], found["drifted"]) == (rows, 300, False)


def test_the_limit_is_the_contracts(reference: dict[str, Any]) -> None:
    rows = customers(1000, seed=1, tenure=40.0)
    score = detected(reference, rows)["drift_score"]
    assert detected(reference, rows, max_score=score)["drifted"] is False
    assert detected(reference, rows, max_score=score - 1e-9)["drifted"] is True


def test_without_reference_scores_or_answers_there_is_no_score_drift(reference: dict[str, Any]) -> None:
    captured = read(records(customers(300)), CHURN)
    features_only = {name: value for name, value in reference.items() if name != "score"}
    assert detect(features_only, captured, CHURN, endpoint="e")["score"] is None
    captured.scores = np.full(300, np.nan)
    assert detect(reference, captured, CHURN, endpoint="e")["score"] is None


def test_chance_alone_is_not_taken_for_drift(reference: dict[str, Any]) -> None:
    scores = [detected(reference, customers(500, seed=seed))["drift_score"] for seed in range(100, 130)]
    assert max(scores) < CHURN.drift.max_score


def test_a_comparison_by_hand() -> None:
    histogram = Histogram.of(np.array([0.0] * 6 + [1.0] * 3 + [np.nan]))
    found = compare(histogram, np.array([0.0, 1.0, 2.0, np.nan]))
    assert found == {
        "score": jensen_shannon_distance([6, 3, 0, 1], [1, 1, 1, 1]),
        "psi": pytest.approx(
            0.35 * np.log(2.4) - 0.05 * np.log(0.25 / 0.3) + 0.2499 * np.log(2500) + 0.15 * np.log(2.5)
        ),
        "jensen_shannon": found["score"],
        "ks": pytest.approx(1 / 3),
        "missing_rate_before": 0.1,
        "missing_rate_now": 0.25,
        "kind": "categorical",
        "bins": ["0", "1", "other", "missing"],
        "before": [0.6, 0.3, 0.0, 0.1],
        "now": [0.25, 0.25, 0.25, 0.25],
    }
    assert compare(histogram, np.array([np.nan]))["ks"] is None


class TestReport:
    """report.html."""

    def test_a_table_and_a_plot_a_feature(self, reference: dict[str, Any]) -> None:
        found = detected(reference, customers(1000, seed=1, tenure=60.0))
        page = report.render(found)
        assert page.count("<svg") == len(CHURN.features) + 1
        assert '<span class="no">drifted</span>' in page
        assert f"DriftScore <b>{found['drift_score']:.3f}</b> (limit 0.15), most drifted: tenure_months." in page
        assert re.findall(r"<figcaption>(.*?)</figcaption>", page)[0] == "tenure_months"
        assert not re.findall(r'(?:src|href)="(?!#)', page), "nothing is loaded from elsewhere"
        assert page == report.render(found)

    def test_not_enough_rows(self, reference: dict[str, Any]) -> None:
        page = report.render(detected(reference, customers(5)))
        assert "5 rows were captured; 300 are needed for a score." in page
        assert "<svg" not in page

    def test_foreign_text_is_escaped(self, reference: dict[str, Any]) -> None:
        captured = Captured(features={}, scores=np.empty(0), records=1)
        captured.unreadable["<script>"] = 1
        page = report.render(detect(reference, captured, CHURN, endpoint="<b>e</b>"))
        assert "<script>" not in page
        assert "<b>e</b>" not in page


def test_metrics(reference: dict[str, Any]) -> None:
    found = detected(reference, customers(300, seed=3))
    endpoint = {"Name": "Endpoint", "Value": "churn-prod"}
    data = metric_data(found, START)
    assert data[0] == {
        "MetricName": "DriftScore", "Dimensions": [endpoint], "Timestamp": START, "Value": found["drift_score"],
        "Unit": "None",
    }  # fmt: skip
    assert [(item["MetricName"], item["Dimensions"]) for item in data[1:]] == [
        *(("DriftScore", [endpoint, {"Name": "Feature", "Value": name}]) for name in CHURN.feature_names),
        ("ScoreDrift", [endpoint]),
    ]
    assert metric_data(detected(reference, customers(5)), START) == []


class TestCommandLine:
    """Both commands, with files and with S3 and CloudWatch (moto's server)."""

    @pytest.fixture
    def directory(self, tmp_path: Path) -> Path:
        (tmp_path / "contract.json").write_text(to_json(CHURN))
        write_training(tmp_path / "train", customers(2000))
        (tmp_path / "captured" / "AllTraffic" / "2026").mkdir(parents=True)
        lines = records(customers(300, seed=4, tenure=70.0))
        (tmp_path / "captured" / "AllTraffic" / "2026" / "a.jsonl").write_text("\n".join(lines[:100]) + "\n")
        (tmp_path / "captured" / "AllTraffic" / "2026" / "b.jsonl").write_text("\n".join(lines[100:]))
        (tmp_path / "captured" / "notes.txt").write_text("not captured data")
        return tmp_path

    def arguments(self, directory: Path, *more: str) -> list[str]:
        common = ["--contract", str(directory), "--output", str(directory / "out")]
        return [*more, *common]

    def detect_arguments(self, directory: Path, *more: str) -> list[str]:
        given = ["detect", "--baseline", str(directory / "out" / "baseline.json"), "--endpoint", "churn-prod"]
        return self.arguments(directory, *given, *more)

    def test_files(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(self.arguments(directory, "baseline", "--data", str(directory / "train"))) == 0
        assert sorted(path.name for path in (directory / "out").iterdir()) == [
            "baseline.json", "constraints.json", "statistics.json"
        ]  # fmt: skip
        assert main(self.detect_arguments(directory, "--captured", str(directory / "captured"))) == 0
        printed = json.loads(capsys.readouterr().out)
        assert printed == json.loads((directory / "out" / "report.json").read_text())
        assert (printed["rows"], printed["drifted"]) == (300, True)
        assert (directory / "out" / "report.html").read_text().startswith("<!doctype html>")

    @pytest.mark.parametrize(
        ("good", "bad", "code"), [(0, 500, 2), (299, 1, 2), (299, 0, 0), (0, 299, 0), (300, 500, 0)]
    )
    def test_requests_that_cannot_be_read_are_no_silence(
        self, directory: Path, good: int, bad: int, code: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        main(self.arguments(directory, "baseline", "--data", str(directory / "train")))
        lines = records(customers(good, seed=4)) + [json_record({"support_tickets": -1})] * bad
        (directory / "some.jsonl").write_text("\n".join(lines))
        capsys.readouterr()
        assert main(self.detect_arguments(directory, "--captured", str(directory / "some.jsonl"))) == code
        printed = capsys.readouterr()
        assert (
            json.loads(printed.out)["rows"]
            == json.loads((directory / "out" / "report.json").read_text())["rows"]
            == good
        )
        if code:
            assert json.loads(printed.err.splitlines()[-1])["message"] == (
                f"--captured: {bad} requests cannot be read, so only {good} rows are left of 300 that a score needs: "
                "the request has a value of support_tickets that is not an integer from 0 to 1000, or null "
                f"({bad}); give the contract of the model that is live"
            )

    def test_the_window_narrows_it(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        main(self.arguments(directory, "baseline", "--data", str(directory / "train")))
        window = ("--since", "2026-11-21T10:00:10Z", "--until", "2026-11-21T10:03:40+00:00")
        assert main(self.detect_arguments(directory, "--captured", str(directory / "captured"), *window)) == 0
        assert json.loads(capsys.readouterr().out)["rows"] == 210

    def test_a_rolling_window_reads_its_own_hours_only(
        self, directory: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        main(self.arguments(directory, "baseline", "--data", str(directory / "train")))
        variant = directory / "champion"
        for hour in ("2026/11/21/08", "2026/11/21/09", "2026/11/21/10", "2026/11/21/11"):
            (variant / hour).mkdir(parents=True)
        (variant / "2026/11/21/08/a.jsonl").write_text("{")  # would be counted as unreadable
        (variant / "2026/11/21/10/a.jsonl").write_text("\n".join(records(customers(300, seed=4))))
        (variant / "2026/11/21/11/a.jsonl").write_text("{")
        window = ("--window-minutes", "60", "--until", "2026-11-21T10:01:40Z")
        assert main(self.detect_arguments(directory, "--captured", str(variant), *window)) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["rows"], found["captured"]["records"], found["captured"]["outside_window"]) == (100, 300, 200)
        assert found["captured"]["unreadable"] == {}

    def test_a_rolling_window_in_s3_lists_its_own_hours_only(
        self, directory: Path, moto_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in {
            "AWS_ENDPOINT_URL": moto_url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="windows", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        live = "\n".join(records(customers(300, seed=4))).encode()
        for key, body in {
            "champion/2026/11/21/09/a.jsonl": b"{",
            "champion/2026/11/21/10/a.jsonl": live,
            "champion/2026/11/21/10/_SUCCESS": b"{",
            "champion-2/2026/11/21/10/a.jsonl": b"{",
            "challenger/2026/11/21/10/a.jsonl": b"{",
        }.items():
            s3.put_object(Bucket="windows", Key=f"data-capture/churn-prod/{key}", Body=body)
        main(self.arguments(directory, "baseline", "--data", str(directory / "train")))
        place = ("--captured", "s3://windows/data-capture/churn-prod/champion")
        window = ("--window-minutes", "60", "--until", "2026-11-21T11:00:00Z")
        assert main(self.detect_arguments(directory, *place, *window)) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["rows"], found["captured"]["records"]) == (300, 300)
        # An hour in which nobody asked is no fault: nothing to measure, nothing to publish.
        silent = ("--window-minutes", "60", "--until", "2026-11-22T11:00:00Z")
        assert main(self.detect_arguments(directory, *place, *silent)) == 0
        assert json.loads(capsys.readouterr().out)["status"] == "not enough rows"

    @pytest.mark.parametrize(
        ("window", "message"),
        [
            (("--window-minutes", "0"), "argument --window-minutes: found '0'; allowed: whole minutes, 1 or more"),
            (("--window-minutes", "-5"), "argument --window-minutes: found '-5'; allowed: whole minutes, 1 or more"),
            (
                ("--window-minutes", "60", "--since", "2026-11-21T10:00:00Z"),
                "argument --since: not allowed with argument --window-minutes",
            ),
        ],
    )
    def test_a_window_that_is_none(
        self, directory: Path, window: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as caught:
            main(self.detect_arguments(directory, "--captured", str(directory / "captured"), *window))
        assert caught.value.code == 2
        assert capsys.readouterr().err.endswith(f"error: {message}\n")

    def test_s3_and_cloudwatch_as_a_process(
        self, directory: Path, moto_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in {
            "AWS_ENDPOINT_URL": moto_url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        for path in (directory / "captured").rglob("*.*"):
            s3.upload_file(str(path), "lake", f"data-capture/{path.relative_to(directory / 'captured')}")
        main(self.arguments(directory, "baseline", "--data", str(directory / "train")))
        arguments = self.detect_arguments(directory, "--captured", "s3://lake/data-capture/", "--publish")
        arguments[arguments.index("--output") + 1] = "s3://lake/drift/now"
        done = subprocess.run(
            [sys.executable, "-m", "workloads.drift", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert json.loads(s3.get_object(Bucket="lake", Key="drift/now/report.json")["Body"].read()) == found
        assert s3.head_object(Bucket="lake", Key="drift/now/report.html")["ContentType"] == "text/html; charset=utf-8"
        line = json.loads(done.stderr)
        assert (line["message"], line["status"], line["metrics"]) == ("detect done", "drifted", 1 + len(CHURN.features))
        metrics = boto3.client("cloudwatch").list_metrics(Namespace="MLPipeline/ModelQuality")["Metrics"]
        assert {(m["MetricName"], tuple(d["Name"] for d in m["Dimensions"])) for m in metrics} == {
            ("DriftScore", ("Endpoint",)), ("DriftScore", ("Endpoint", "Feature")),
        }  # fmt: skip

    @pytest.mark.parametrize("place", ["s3://no-such-bucket/x/", "nowhere"])
    def test_a_place_that_is_not_there(
        self, directory: Path, moto_url: str, place: str, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        main(self.arguments(directory, "baseline", "--data", str(directory / "train")))
        capsys.readouterr()
        assert main(self.detect_arguments(directory, "--captured", place)) == 2
        why = {
            "nowhere": "nowhere: no such file or directory",
            "s3://no-such-bucket/x/": f"{place} cannot be read: NoSuchBucket; check the name and the role",
        }
        assert json.loads(capsys.readouterr().err)["message"] == why[place]

    def test_no_training_data(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(self.arguments(directory, "baseline", "--data", str(directory / "captured"))) == 2
        message = json.loads(capsys.readouterr().err)["message"]
        assert message == f"--data: no Parquet file in {directory / 'captured'}; run ETL first"
