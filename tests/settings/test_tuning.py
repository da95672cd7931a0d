"""Section `tuning` of a workload."""

from __future__ import annotations

from typing import Any

import pytest

from settings import Tuning
from tests.settings.written import churn, faults, load


@pytest.mark.parametrize(("said", "found"), [({}, None), ({"tuning": {}}, Tuning())])
def test_it_is_off_unless_it_is_named(said: dict[str, Any], found: Tuning | None) -> None:
    assert load(workloads=churn(**said)).workloads["churn"].tuning == found


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            {"instance_type": "ml.g5.12xlarge"},
            'ml-platform:workloads.churn.tuning.instance_type: found "ml.g5.12xlarge"; allowed: what SageMaker trains '
            "on with at most one GPU that XGBoost can use, such as ",
        ),
        (
            {"instance_type": "ml.p3.8xlarge"},
            'ml-platform:workloads.churn.tuning.instance_type: found "ml.p3.8xlarge"; allowed: what SageMaker trains '
            "on with at most one GPU that XGBoost can use, such as ",
        ),
        (
            {"max_jobs": 2},
            "ml-platform:workloads.churn.tuning.max_parallel_jobs: found 3; allowed: at most max_jobs, 2; "
            "lower it or raise that",
        ),
        (
            {"budget_usd": 0},
            "ml-platform:workloads.churn.tuning.budget_usd: found 0; allowed: above 0, at most 100000; ",
        ),
        (
            {"strategy": "Grid"},
            'ml-platform:workloads.churn.tuning.strategy: found "Grid"; allowed: Bayesian, Random; ',
        ),
    ],
)
def test_what_is_wrong_is_said(said: dict[str, Any], line: str) -> None:
    (found,) = faults(workloads=churn(tuning=said))
    assert found.startswith(line)
