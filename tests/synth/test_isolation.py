"""Workloads of one stack keep to themselves: what a role of one may do, asked of everything that is another's.

The rendered policies are simulated (`tests.iam`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import permutations
from typing import Any

import pytest

from contracts.names import EndpointNames, Names
from local.runtime import Stack
from local.runtime.answers import ACCOUNT
from tests import iam

#: The second name begins with the first, as a careless wildcard would have it.
WORKLOADS = ("churn", "churn-eu", "income")
KINDS: dict[str, str] = {"live": "realtime", "queued": "asynchronous"}
ENDPOINTS = tuple(KINDS)
STACK = "prod"


@cache
def three_workloads() -> dict[str, Any]:
    """The synth document of a stack with three workloads; do not change it."""
    endpoints = {name: {"kind": kind} for name, kind in KINDS.items()}
    config = {
        name: {"contract": "contracts/churn.yaml", "champion": ENDPOINTS[0], "endpoints": endpoints}
        for name in WORKLOADS
    }
    monitoring = {"engine": "sagemaker"}
    return Stack(STACK, config_overrides={"workloads": config, "monitoring": monitoring}).synth()


@cache
def roles() -> dict[str, iam.Role]:
    """Name of every role of that stack -> the role."""
    return iam.roles(three_workloads())


def names(workload: str, endpoint: str = ENDPOINTS[0]) -> EndpointNames:
    return Names(stack=STACK, account=ACCOUNT, region="eu-west-1").of_workload(workload).of_endpoint(endpoint)


def of(workload: str) -> list[str]:
    """The roles of a workload."""
    return [role for role in roles() if role.startswith(f"{names(workload).of_its_workload.prefix}-")]


def belongings(mine: EndpointNames) -> Iterator[str]:
    """ARNs of what a workload and its endpoint own, one at least of each kind that has a name or a place of its own."""
    layout, captured = mine.layout, f"{mine.layout.data_capture}{mine.prefix}/champion/"
    queued = KINDS[mine.endpoint] == "asynchronous"
    answers = [f"{mine.asynchronous}{place}/" for place in ("requests", "predictions", "failures") if queued]
    for bucket, prefixes in {
        mine.raw_bucket: (layout.incoming,),
        mine.processed_bucket: (
            layout.accepted, layout.quarantine, layout.ledger, captured, layout.offline_store, *answers
        ),
        mine.artifacts_bucket: (
            layout.contracts, layout.runs, layout.checkpoints, f"{layout.drift}{mine.prefix}/", layout.data_quality
        ),
    }.items():  # fmt: skip
        yield from (mine.bucket_arn(bucket, f"{prefix}object") for prefix in prefixes)
    yield mine.bucket_arn(mine.artifacts_bucket, mine.lock_key)
    yield mine.arn("ssm", f"parameter{mine.release_parameter}")
    for kind, name in (
        ("endpoint", mine.prefix),
        ("endpoint-config", f"{mine.prefix}-0123456789-01234567"),
        ("experiment", mine.pipeline),
        ("feature-group", mine.of_its_workload.resource("features")),
        ("model-package", f"{mine.package_group}/1"),
        ("model-package-group", mine.package_group),
        ("pipeline", mine.pipeline),
        ("pipeline", f"{mine.pipeline}/execution/0123456789ab"),
        ("processing-job", f"{mine.resource('drift')}-d32c5kddcf5bb8c3"),
        ("processing-job", "pipelines-0123456789ab-Prepare-0123456789"),
        ("training-job", "pipelines-0123456789ab-Train-0123456789"),
    ):
        yield mine.arn("sagemaker", f"{kind}/{name}")
    for role in ("retraining", "rollback"):
        owner = mine if role == "rollback" else mine.of_its_workload
        yield mine.arn("lambda", f"function:{owner.resource(role)}")
        yield mine.arn("sns", owner.resource(role))
        yield mine.arn("logs", f"log-group:/aws/lambda/{owner.resource(role)}:log-stream:one")
    yield from (mine.arn("sns", mine.resource(side)) for side in ("success", "error") if queued)
    yield mine.arn("logs", f"log-group:/aws/sagemaker/Endpoints/{mine.prefix}:log-stream:one")
    yield mine.arn("sqs", mine.of_its_workload.resource("dead-letters"))
    yield mine.role_arn("endpoint")
    yield mine.of_its_workload.role_arn("training")


def tagged(workload: str) -> dict[str, str]:
    """What exists is tagged as a workload's, and what is asked for is to be."""
    return {f"aws:{origin}Tag/Workload": workload for origin in ("Resource", "Request")}


def test_every_workload_has_roles_of_its_own() -> None:
    counts = {workload: len(of(workload)) for workload in WORKLOADS}
    assert len(set(counts.values())) == 1
    assert sum(counts.values()) + len([r for r in roles() if r.startswith("mlplatform-")]) == len(roles())


@pytest.mark.parametrize(("one", "other"), list(permutations(WORKLOADS, 2)))
def test_no_role_of_a_workload_reaches_what_is_anothers(one: str, other: str) -> None:
    facts = tagged(other)
    reached = {
        (role, resource, action)
        for role in of(one)
        for endpoint in ENDPOINTS
        for resource in belongings(names(other, endpoint))
        for action in roles()[role].actions_on(resource, facts)
    }
    assert reached == set()


@pytest.mark.parametrize(("one", "other"), list(permutations(WORKLOADS, 2)))
def test_no_role_of_a_workload_lists_what_is_anothers(one: str, other: str) -> None:
    theirs = names(other)
    processed, artifacts = theirs.bucket_arn(theirs.processed_bucket), theirs.bucket_arn(theirs.artifacts_bucket)
    layout = theirs.layout
    places = [(processed, layout.accepted), (processed, layout.data_capture)]
    places += [(artifacts, prefix) for prefix in (layout.runs, layout.contracts, layout.checkpoints)]
    listed = [
        (role, prefix)
        for role in of(one)
        for bucket, prefix in places
        if roles()[role].may("s3:ListBucket", bucket, {"s3:prefix": prefix})
    ]
    assert listed == []


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("workload", WORKLOADS)
def test_every_belonging_is_reached_by_a_role_of_its_own_workload(workload: str, endpoint: str) -> None:
    """So that the tests above ask for what policies really name."""
    facts = tagged(workload)
    unreached = {
        resource.rpartition(":")[2]
        for resource in belongings(names(workload, endpoint))
        if not any(roles()[role].actions_on(resource, facts) for role in of(workload))
    }
    mine = names(workload, endpoint)
    assert unreached == {
        f"feature-group/{mine.of_its_workload.resource('features')}",
        mine.resource("rollback"),
        mine.of_its_workload.resource("retraining"),
        mine.role_arn("endpoint").rpartition(":")[2],
    }


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_rollback_function_moves_its_own_endpoint_only(workload: str) -> None:
    for one, other in permutations(ENDPOINTS, 2):
        role = roles()[names(workload, one).resource("rollback")]
        endpoint = names(workload, other)
        for moved in (
            endpoint.arn("sagemaker", f"endpoint/{endpoint.prefix}"),
            endpoint.arn("ssm", f"parameter{endpoint.release_parameter}"),
        ):
            assert role.actions_on(moved) == set()


@pytest.mark.parametrize("workload", WORKLOADS)
def test_an_endpoint_reads_requests_and_writes_answers_and_no_other_way(workload: str) -> None:
    mine = names(workload, "queued")
    bucket, acts = mine.processed_bucket, ("s3:GetObject", "s3:PutObject")
    objects = {p: mine.bucket_arn(bucket, f"{mine.asynchronous}{p}/1") for p in ("requests", "predictions", "failures")}
    role = roles()[mine.resource("endpoint")]
    found = {place: [act for act in acts if role.may(act, arn)] for place, arn in objects.items()}
    assert found == {"requests": ["s3:GetObject"], "predictions": ["s3:PutObject"], "failures": ["s3:PutObject"]}
    other = roles()[names(workload, "live").resource("endpoint")]
    assert [act for act in acts for arn in objects.values() if other.may(act, arn)] == []
