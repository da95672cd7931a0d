"""Which changes between two accepted data sets hold the newer one for a person."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from contracts.schema import Ingestion
from tests.workloads.validation.delivered import good_rows, judge
from workloads.validation import FileFault, Finding, Status
from workloads.validation.summary import NumberSummary, Summary, jumps

LIMITS = Ingestion(max_label_rate_jump=0.2, max_mean_jump=1.0)
BEFORE = Summary(rows=10_000, label_rate=0.3, columns={"x": NumberSummary(mean=50.0, std=10.0, missing_rate=0.0)})


def after(rows: int = 10_000, label_rate: float = 0.3, mean: float | None = 50.0, missing_rate: float = 0.0) -> Summary:
    column = NumberSummary(mean=mean, std=10.0, missing_rate=missing_rate)
    return Summary(rows=rows, label_rate=label_rate, columns={"x": column})


@pytest.mark.parametrize(
    ("current", "columns"),
    [
        (after(), []),
        (after(label_rate=0.5), []),
        (after(label_rate=0.53), [None]),  # 0.23 > 0.2 + 3 standard errors of 0.0065
        (after(label_rate=0.07), [None]),
        (after(rows=4, label_rate=1.0), []),  # four rows prove nothing: 3 standard errors are 0.69
        (after(rows=40, label_rate=1.0), [None]),
        (after(mean=60.4), []),  # 1.04 standard deviations, of which 0.042 are chance
        (after(mean=60.5), ["x"]),
        (after(mean=39.5), ["x"]),
        (after(rows=4, mean=70.0), []),
        (after(mean=60.5, missing_rate=0.9999), []),  # one value
        (after(mean=None, missing_rate=1.0), []),
        (after(label_rate=0.9, mean=90.0), [None, "x"]),
    ],
)
def test_jumps(current: Summary, columns: list[str | None]) -> None:
    assert [jump.column for jump in jumps(BEFORE, current, LIMITS)] == columns


def test_a_constant_column_that_changes_has_jumped() -> None:
    constant = dataclasses.replace(BEFORE, columns={"x": NumberSummary(mean=5.0, std=0.0, missing_rate=0.0)})
    (jump,) = jumps(constant, after(mean=5.1), LIMITS)
    assert jump.text == "the mean of x is 5.1, it was 5 in the last accepted data, where the column was constant"


def test_columns_that_only_one_of_both_has_are_not_compared() -> None:
    other = dataclasses.replace(after(), columns={"y": NumberSummary(mean=1e9, std=1.0, missing_rate=0.0)})
    assert jumps(BEFORE, other, LIMITS) == ()


def test_the_summary_of_accepted_rows(tmp_path: Path) -> None:
    rows = good_rows(6)
    rows[5]["transaction_volume"] = None
    summary = judge(tmp_path, rows).verdict.summary
    assert summary is not None
    assert summary.rows == 6
    assert summary.label_rate == pytest.approx(2 / 6)
    figures = {name: dataclasses.astuple(column) for name, column in summary.columns.items()}
    assert figures == {
        "user_tenure_months": pytest.approx((2.5, 1.8708287, 0.0)),
        "transaction_volume": pytest.approx((12.5, 1.5811388, 1 / 6)),
        "support_tickets": pytest.approx((7 / 6, 1.1690452, 0.0)),
    }


def test_a_poisoned_file_is_held_and_its_rows_wait(tmp_path: Path) -> None:
    first = judge(tmp_path, good_rows(600)).verdict
    poisoned = [row | {"churn_label": 1} for row in good_rows(600)]
    held = judge(tmp_path, poisoned, previous=first.summary)
    assert held.verdict.status is Status.HELD
    assert held.verdict.findings == (
        Finding(
            code=FileFault.LABEL_RATE_JUMP,
            text="the label rate is 1, it was 0.3333 in the last accepted data: a change of 0.667, allowed are 0.2 and "
            "0.082 for chance; look at the source, then approve or discard the file",
        ),
    )
    assert (held.verdict.accepted, len(held.accepted)) == (600, 600)
    assert judge(tmp_path, poisoned, previous=first.summary, hold=False).verdict.status is Status.ACCEPTED


def test_a_mean_that_jumps_holds_the_file(tmp_path: Path) -> None:
    first = judge(tmp_path, good_rows(600)).verdict
    in_cents = [row | {"transaction_volume": row["transaction_volume"] * 100} for row in good_rows(600)]
    held = judge(tmp_path, in_cents, previous=first.summary).verdict
    assert [finding.code for finding in held.findings] == [FileFault.MEAN_JUMP]
    assert held.findings[0].text.startswith(
        "the mean of transaction_volume is 31000, it was 310 in the last accepted data"
    )
