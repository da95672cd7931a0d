"""What the handler makes of labels that have moved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from tests.workloads.retraining.test_retraining_handler import Clients


@pytest.fixture
def aws() -> Iterator[Clients]:
    """A model that learned from 1,000 rows of which 200 are positive."""
    with mock_aws():
        clients = Clients()
        learned = clients.has_accepted(aa=1_000)
        clients.has("artifacts", "runs/churn/abcdefabcdef/Prepare/manifest/manifest.json", MANIFEST)
        clients.has_run(hours_ago=9, name="first", data=learned)
        yield clients
        clients.all_called()


MANIFEST = {
    "sources": [{"name": "aa.parquet", "rows": 1_000}],
    "splits": {"train": {"rows": 800, "positives": 150}, "test": {"rows": 200, "positives": 50}},
}
#: Of 1,000 new rows at a rate of 0.4; 3 standard errors of both are 0.0537.
MOVED = (
    "the label rate is 0.4 in 1000 new rows, and 0.2 in what the newest model learned from; 0.054 would be chance; "
    "retraining.label_shift is "
)


def delivered(aws: Clients, rows: int, rate: float) -> str:
    version = aws.has_accepted(aa=1_000, bb=rows)
    summary = {"rows": rows, "label_rate": rate, "columns": {}, "label_shares": {}}
    aws.has("processed", "ledger/churn/bb.json", {"accepted": rows, "summary": summary})
    return version


def published(capsys: pytest.CaptureFixture[str]) -> list[float]:
    return [json.loads(line)["LabelShift"] for line in capsys.readouterr().out.splitlines()]


def test_labels_that_moved_beyond_limit_and_chance_start_a_run_that_says_so(
    aws: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    version = delivered(aws, 1_000, 0.4)
    why = f"label shift: {MOVED}0.14"
    aws.expects_start(version, trigger=why)
    aws.expect_notice("churn-prod: retraining started")
    found = aws.run({"trigger": "new data", "max_label_shift": 0.14})
    assert (found["action"], found["reason"]) == ("started", why)
    assert published(capsys) == [pytest.approx(0.2 - 3 * (0.16 * 0.002) ** 0.5)]


def test_below_the_limit_they_are_published_and_start_nothing(aws: Clients, capsys: pytest.CaptureFixture[str]) -> None:
    delivered(aws, 1_000, 0.4)
    found = aws.run({"trigger": "new data", "max_label_shift": 0.15})
    assert found == {"action": "held", "reason": f"{MOVED}0.15"}
    assert len(published(capsys)) == 1


@pytest.mark.parametrize(
    ("rows", "shift", "started"),
    [
        (1_001, 0.14, "label shift: "),
        (1_000, 0.15, "new data"),
        (1_001, 0.15, ""),
    ],
)
def test_enough_rows_or_labels_that_moved_are_each_a_reason(
    aws: Clients, rows: int, shift: float, started: str
) -> None:
    version = delivered(aws, 1_000, 0.4)
    if started:
        aws.expects_start(version, trigger="new data" if started == "new data" else f"{started}{MOVED}{shift:g}")
        aws.expect_notice("churn-prod: retraining started")
    found = aws.run({"trigger": "new data", "at_least_rows": rows, "max_label_shift": shift})
    if started:
        assert found["reason"].startswith(started)
    else:
        held = "1000 accepted rows are new; retrain_after_rows is 1001"
        assert found == {"action": "held", "reason": f"{MOVED}0.15; {held}"}


def test_labels_that_are_numbers_start_a_run_once_their_distribution_has_moved(
    aws: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half of the new ones are above all that the model has seen; chance is 1.8176 x sqrt(2 / 1,000) + 0.005."""
    quantiles = [float(value) for value in range(201)]
    manifest = {"sources": MANIFEST["sources"], "splits": {"train": {"rows": 1_000, "label_quantiles": quantiles}}}
    aws.has("artifacts", "runs/churn/abcdefabcdef/Prepare/manifest/manifest.json", manifest)
    version = aws.has_accepted(aa=1_000, bb=1_000)
    moved = [*quantiles[1::2], *(value + 1_000 for value in quantiles[::2])]
    summary = {"rows": 1_000, "label_rate": None, "columns": {}, "label_quantiles": moved}
    aws.has("processed", "ledger/churn/bb.json", {"accepted": 1_000, "summary": summary})
    why = (
        "label shift: the share of labels up to 200 is 0.4975 in 1000 new rows, and 1 in what the newest model learned "
        "from; 0.086 would be chance; retraining.label_shift is 0.4"
    )
    aws.expects_start(version, trigger=why)
    aws.expect_notice("churn-prod: retraining started")
    found = aws.run({"trigger": "new data", "max_label_shift": 0.4})
    assert (found["action"], found["reason"]) == ("started", why)
    assert published(capsys) == [pytest.approx(101 / 201 - 0.0863, abs=1e-4)]


def test_a_model_without_a_manifest_has_no_labels_to_compare_with(
    aws: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    delivered(aws, 1_000, 0.4)
    aws.s3.delete_object(Bucket="artifacts", Key="runs/churn/abcdefabcdef/Prepare/manifest/manifest.json")
    found = aws.run({"trigger": "new data", "max_label_shift": 0.14})
    assert found == {"action": "held", "reason": "there are no labels to compare"}
    assert published(capsys) == []


def test_a_brake_that_passes_holds_them_until_asked_again(aws: Clients) -> None:
    delivered(aws, 1_000, 0.4)
    aws.run({"trigger": "new data", "max_label_shift": 0.9})
    aws.has_run(hours_ago=1, name="by hand", data="data-other", status="Executing")
    found: dict[str, Any] = aws.run({"trigger": "new data", "max_label_shift": 0.14})
    assert found == {"action": "later", "reason": "a training run is under way"}
