"""Multi-model endpoints of one stack keep to themselves, and load what was promoted to them and nothing else."""

from __future__ import annotations

from functools import cache
from itertools import permutations

import pytest

from contracts.names import EndpointNames, Names
from local.runtime import Stack
from local.runtime.answers import ACCOUNT
from tests import iam

#: The second name begins with the first, as a careless wildcard would have it.
ENDPOINTS = ("regions", "regionseu")
STACK = "prod"


@cache
def roles() -> dict[str, iam.Role]:
    """Roles by name of a stack with two such endpoints."""
    endpoints = {name: {"kind": "multi_model"} for name in ENDPOINTS}
    workload = {"contract": "contracts/churn.yaml", "champion": ENDPOINTS[0], "endpoints": endpoints}
    return iam.roles(Stack(STACK, config_overrides={"workloads": {"churn": workload}}).synth())


def names(endpoint: str) -> EndpointNames:
    return Names(stack=STACK, account=ACCOUNT, region="eu-west-1").of_workload("churn").of_endpoint(endpoint)


def archive(endpoint: str) -> str:
    mine = names(endpoint)
    return mine.bucket_arn(mine.artifacts_bucket, f"{mine.archives('0123456789')}eu.tar.gz")


def captured(endpoint: str) -> str:
    mine = names(endpoint)
    return mine.bucket_arn(mine.processed_bucket, f"{mine.layout.data_capture}{mine.prefix}/eu/2026/11/29/07/1.jsonl")


@pytest.mark.parametrize(("one", "other"), list(permutations(ENDPOINTS)))
def test_a_role_loads_its_own_archives_and_writes_its_own_capture(one: str, other: str) -> None:
    role, mine = roles()[names(one).resource("endpoint")], names(one)
    acts = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
    assert [act for act in acts if role.may(act, archive(one))] == ["s3:GetObject"]
    assert [act for act in acts if role.may(act, captured(one))] == ["s3:PutObject"]
    runs = mine.bucket_arn(mine.artifacts_bucket, f"{mine.layout.runs}run/model.tar.gz")
    assert [arn for arn in (archive(other), captured(other), runs) for act in acts if role.may(act, arn)] == []


def test_nobody_of_the_stacks_own_puts_an_archive_there() -> None:
    writers = {name for name, role in roles().items() if role.may("s3:PutObject", archive("regions"))}
    assert writers == set()
