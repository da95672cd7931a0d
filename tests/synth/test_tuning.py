"""A stack that searches hyper-parameters: no policy of the strict pack fails on what that brings."""

from __future__ import annotations

from local.judge.evidence import judge
from local.runtime import Stack
from tests.synth.test_delivery import PACK


def test_the_policies_find_nothing_about_a_search() -> None:
    workloads = {"churn": {"contract": "contracts/churn.yaml", "tuning": {}}}
    document = Stack("prod", config_overrides={"workloads": workloads}).synth()
    report = judge(document, PACK, PACK / "config" / "strict.json")
    mine = [result for result in report.results if "tuning" in result.urn.rpartition("::")[2]]
    assert [(result.urn, result.message) for result in report.failures if result in mine] == []
    assert {
        "sagemaker-pipeline-step-hardening",
        "sagemaker-pipeline-registers-pending",
    } <= {result.policy for result in mine if result.outcome == "passed"}
