"""A stack that Step Functions trains in: what is in the place of the pipeline; no policy of the strict pack fails."""

from __future__ import annotations

import json
from typing import Any

import pytest

from automation import machine
from automation.cost import Document, estimate
from local.judge.evidence import judge
from local.runtime import Stack
from tests.synth.test_delivery import PACK

MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:churn-prod-training"


def synth(**workload: Any) -> dict[str, Any]:
    workloads = {"churn": {"contract": "contracts/churn.yaml", **workload}}
    return Stack("prod", config_overrides={"workloads": workloads}).synth()


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return synth(orchestrator="step-functions")


def inputs(document: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each["inputs"] for each in document["resources"] if each["type"] == kind}


def test_the_policies_find_nothing_about_the_machine(document: dict[str, Any]) -> None:
    report = judge(document, PACK, PACK / "config" / "strict.json")
    assert [(result.urn, result.message) for result in report.failures] == []
    mine = {result.policy for result in report.results if result.urn.endswith("::churn-training-machine")}
    assert {"sagemaker-pipeline-step-hardening", "sagemaker-pipeline-registers-pending"} <= mine


def test_the_machine_is_in_the_place_of_the_pipeline(document: dict[str, Any]) -> None:
    assert inputs(document, "aws:sagemaker/pipeline:Pipeline") == {}
    machines = inputs(document, "aws:sfn/stateMachine:StateMachine")
    assert sorted(machines) == ["churn-ingestion-machine", "churn-training-machine"]
    (function,) = [
        each
        for each in inputs(document, "aws:lambda/function:Function").values()
        if each["name"] == "churn-prod-retraining"
    ]
    assert function["environment"]["variables"]["MACHINE_ARN"] == MACHINE
    (event,) = [
        each
        for each in inputs(document, "aws:cloudwatch/eventRule:EventRule").values()
        if each["name"] == "churn-prod-training-failed"
    ]
    assert json.loads(event["eventPattern"])["detail"] == {
        "stateMachineArn": [MACHINE],
        "status": ["FAILED", "TIMED_OUT", "ABORTED"],
    }


def test_it_costs_what_the_pipeline_does_its_transitions_and_an_endpoint(document: dict[str, Any]) -> None:
    jobs = machine.jobs(inputs(document, "aws:sfn/stateMachine:StateMachine")["churn-training-machine"]["definition"])
    assert sorted((job.kind, job.cluster["InstanceType"], job.spot) for job in jobs) == [
        ("Processing", "ml.m5.xlarge", False),
        ("Processing", "ml.m5.xlarge", False),
        ("Processing", "ml.m5.xlarge", False),
        ("Training", "ml.m5.2xlarge", True),
    ]
    former = synth()
    before, now = (estimate(Document.of(each)) for each in (former, document))
    network = "aws:ec2/vpcEndpoint:VpcEndpoint"
    beside = [sum(line.usd for line in each.lines if line.type != network) for each in (before, now)]
    assert 0 < beside[1] - beside[0] < 0.1  # transitions and the log of what failed
    endpoints = [{each["serviceName"] for each in inputs(one, network).values()} for one in (former, document)]
    assert endpoints[1] - endpoints[0] == {"com.amazonaws.eu-west-1.states"}
