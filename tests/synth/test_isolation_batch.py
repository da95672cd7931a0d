"""Batch endpoints of one stack keep to themselves: files, predictions and jobs, asked of the rendered policies."""

from __future__ import annotations

from functools import cache
from itertools import permutations

import pytest

from contracts.names import EndpointNames, Names
from local.runtime import Stack
from local.runtime.answers import ACCOUNT
from tests import iam

#: The second name begins with the first, as a careless wildcard would have it.
WORKLOADS = ("churn", "churn-eu")
STACK = "prod"


@cache
def roles() -> dict[str, iam.Role]:
    """Roles by name of a stack whose workloads have a batch endpoint each."""
    endpoints = {"nightly": {"kind": "batch"}}
    workloads = {name: {"contract": "contracts/churn.yaml", "endpoints": endpoints} for name in WORKLOADS}
    return iam.roles(Stack(STACK, config_overrides={"workloads": workloads}).synth())


def names(workload: str) -> EndpointNames:
    return Names(stack=STACK, account=ACCOUNT, region="eu-west-1").of_workload(workload).of_endpoint("nightly")


def belongings(workload: str) -> list[str]:
    mine = names(workload)
    files = [mine.bucket_arn(mine.processed_bucket, f"{mine.batch}{place}/1") for place in ("requests", "predictions")]
    return [
        *files,
        mine.bucket_arn(mine.processed_bucket, f"{mine.layout.data_capture}{mine.prefix}/champion/1"),
        mine.arn("sagemaker", f"transform-job/{mine.resource('batch')}-d32c5kddcf5bb8c3"),
        mine.arn("sns", mine.resource("success")),
    ]


@pytest.mark.parametrize(("one", "other"), list(permutations(WORKLOADS, 2)))
def test_no_role_of_a_workload_reaches_what_is_anothers(one: str, other: str) -> None:
    prefix = f"{names(one).of_its_workload.prefix}-"
    facts = {f"aws:{origin}Tag/Workload": other for origin in ("Resource", "Request")}
    mine = [role for role in roles() if role.startswith(prefix)]
    assert names(one).resource("batch-schedule") in mine
    reached = {(role, arn) for role in mine for arn in belongings(other) if roles()[role].actions_on(arn, facts)}
    assert reached == set()


@pytest.mark.parametrize("workload", WORKLOADS)
def test_jobs_read_requests_and_write_predictions_and_only_the_schedule_starts_them(workload: str) -> None:
    mine = names(workload)
    requests, predictions, captured, job, _ = belongings(workload)
    endpoint, schedule = roles()[mine.resource("endpoint")], roles()[mine.resource("batch-schedule")]
    acts = ("s3:GetObject", "s3:PutObject")
    assert [act for act in acts if endpoint.may(act, requests)] == ["s3:GetObject"]
    assert [act for act in acts if endpoint.may(act, predictions)] == ["s3:PutObject"]
    assert [act for act in acts if endpoint.may(act, captured)] == ["s3:PutObject"]
    assert schedule.may("sagemaker:CreateTransformJob", job)
    starters = {name for name, role in roles().items() if role.may("sagemaker:CreateTransformJob", job)}
    assert starters == {mine.resource("batch-schedule")}
    assert mine.resource("rollback") not in roles()
