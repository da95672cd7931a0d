from __future__ import annotations

from typing import Any

import pytest

from components import models, operations, reach, serving
from tests.components.serving.test_plan import record
from tests.settings.written import churn, live, load

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
#: A workload that SageMaker's pipelines train, and one that Step Functions does.
BY_PIPELINE, BY_MACHINE = (
    load(workloads=churn(orchestrator=each)).workloads["churn"] for each in ("sagemaker-pipelines", "step-functions")
)
DECLARED = (models.calls([False]), *operations.CALLS, operations.calls([BY_PIPELINE]))


def test_each_service_has_its_callers() -> None:
    assert reach.callers(DECLARED) == {
        "monitoring": ("drift",),
        "sagemaker.api": ("evaluation", "retraining", "rollback"),
        "sns": ("retraining", "rollback"),
        "ssm": ("evaluation", "retraining", "rollback"),
    }


def test_what_a_stack_asks_for_is_beside_what_the_code_calls() -> None:
    found = reach.callers(DECLARED, ["sns", "sagemaker.runtime"])
    assert found["sagemaker.runtime"] == ("also_reach",)
    assert found["sns"] == ("also_reach", "retraining", "rollback")
    assert list(found) == ["monitoring", "sagemaker.api", "sagemaker.runtime", "sns", "ssm"]


def test_retraining_calls_what_trains() -> None:
    assert operations.calls([BY_MACHINE]) == {"retraining": {"sns", "ssm", "states"}}
    assert operations.calls([BY_PIPELINE, BY_MACHINE]) == {"retraining": {"sagemaker.api", "sns", "ssm", "states"}}


def test_what_is_stopped_is_served_by_nobody_and_calls_nothing() -> None:
    tasks = {"kind": "fargate", "certificate_arn": CERTIFICATE, "client_security_groups": ["sg-0123456789abcdef0"]}

    def called(state: str) -> set[str]:
        return set(reach.callers(serving.calls(load(workloads=live(**tasks, state=state)).workloads)))

    assert called("running") == {"ecr.api", "ecr.dkr", "ecs", "logs"}
    assert called("stopped") == set()


@pytest.mark.parametrize(
    ("split", "endpoint", "called"),
    [
        (True, {}, {"application-autoscaling": ("rollback",)}),
        (True, {"kind": "asynchronous"}, {"application-autoscaling": ("rollback",)}),
        (False, {}, {}),
        (True, {"state": "stopped"}, {}),
        (True, {"autoscaling": {"challenger": False}}, {}),
        (True, {"autoscaling": {"enabled": False}}, {}),
    ],
)
def test_where_a_challenger_scales_the_rollback_function_ends_that(
    split: bool, endpoint: dict[str, Any], called: dict[str, tuple[str, ...]]
) -> None:
    workloads = load(workloads=live(**endpoint)).workloads
    assert reach.callers(serving.calls(workloads, {"churn": {"live": record(split=split)}})) == called


def test_what_is_joined_with_an_offline_store_asks_where_it_is() -> None:
    found = reach.callers([models.calls([False, True])])
    assert found == {
        "glue": ("processing",),
        "sagemaker.api": ("evaluation", "processing"),
        "ssm": ("evaluation",),
    }
