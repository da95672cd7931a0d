"""What serves is marked, what is old is archived, and nothing that a release record names is touched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from automation.operations import archiving, packages, releases
from automation.operations.archiving import Old
from automation.operations.errors import RefusedError
from automation.operations.releases import By
from contracts import life_cycle
from contracts.names import Names
from contracts.release import Record, Release, Status
from tests.automation.conftest import Platform

NAMES = Names(stack="staging", account="123456789012", region="eu-west-1").of_workload("churn")
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
BY = By(who="ana", why="better")


def arn(version: int) -> str:
    return NAMES.arn("sagemaker", f"model-package/churn-staging/{version}")


class Registry:
    """Packages of a group, by their age in days, the oldest first; what is written of them is theirs at once."""

    exceptions = type("exceptions", (), {"ClientError": ClientError})

    def __init__(self, days: Sequence[float], *, refuses: str = "") -> None:
        self.refuses, self.written = refuses, list[dict[str, Any]]()
        self.packages = [
            {
                "ModelPackageArn": arn(version),
                "ModelPackageVersion": version,
                "ModelApprovalStatus": "Approved",
                "CreationTime": NOW - timedelta(days=age),
            }
            for version, age in enumerate(days, start=1)
        ]

    def get_paginator(self, operation: str) -> Registry:
        assert operation == "list_model_packages"
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        assert asked == {"ModelPackageGroupName": "churn-staging"}
        return [{"ModelPackageSummaryList": [each]} for each in self.packages]

    def update_model_package(self, **request: Any) -> None:
        if self.refuses:
            raise ClientError({"Error": {"Code": self.refuses, "Message": "no"}}, "UpdateModelPackage")
        self.written.append(request)
        (found,) = (each for each in self.packages if each["ModelPackageArn"] == request["ModelPackageArn"])
        found |= {key: value for key, value in request.items() if key in ("ModelApprovalStatus", "ModelLifeCycle")}


def served(version: int, status: Status = Status.LIVE, **roles: Any) -> Release:
    return Release(champion=arn(version), status=status, who="a", why="b", when="2026-11-28T10:00:00+00:00", **roles)


def old(registry: Registry, *known: Record, keep: int = 2, days: int = 30) -> list[int]:
    found = archiving.old(NAMES, known, keep=keep, days=days, now=NOW, sagemaker=registry)
    return [int(each.package.rpartition("/")[2]) for each in found]


def test_only_what_is_old_by_age_and_by_count_is_old() -> None:
    registry = Registry([400, 200, 30, 29.9, 3, 1])
    assert old(registry) == [1, 2, 3]  # a day over counts, a tenth under does not
    assert old(registry, keep=5) == [1]
    assert old(registry, keep=6) == []
    assert old(registry, keep=1, days=0) == [1, 2, 3, 4, 5]
    assert old(registry, days=201) == [1]


def test_nothing_that_a_release_record_names_is_old() -> None:
    registry = Registry([100.0] * 10)
    beside = served(2, challenger=arn(3), challenger_percent=10)
    shadowed = served(4, status=Status.GOOD, shadow=arn(5), shadow_percent=50)
    several = served(6, status=Status.CANDIDATE, models={"champion": arn(6), "fraud": arn(7)})
    assert old(registry, Record(releases=(beside, shadowed)), Record(releases=(several,))) == [1, 8]


def test_what_is_archived_is_rejected_with_the_reason_and_not_archived_again() -> None:
    registry = Registry([100, 50, 1])
    chosen = archiving.old(NAMES, [], keep=1, days=60, now=NOW, sagemaker=registry)
    assert chosen == [Old(package=arn(1), place=3, days=100)]
    assert str(chosen[0]) == f"{arn(1)}: 100 days old, 3 from the newest"
    archiving.archive(chosen, sagemaker=registry)
    why = "archived: 100 days old, 3 from the newest"
    assert registry.written == [
        {
            "ModelPackageArn": arn(1),
            "ModelApprovalStatus": "Rejected",
            "ApprovalDescription": why,
            "ModelLifeCycle": {"Stage": "Archived", "StageStatus": "Retired", "StageDescription": why},
        }
    ]
    assert archiving.old(NAMES, [], keep=1, days=60, now=NOW, sagemaker=registry) == []


def test_who_is_interrupted_goes_on_with_what_is_left() -> None:
    registry = Registry([100.0] * 4)
    archiving.archive(archiving.old(NAMES, [], keep=1, days=9, now=NOW, sagemaker=registry)[:1], sagemaker=registry)
    assert old(registry, keep=1, days=9) == [2, 3]


def test_the_stages_follow_what_serves() -> None:
    registry = Registry([3, 2, 1])
    first, second = Record(releases=(served(1),)), Record(releases=(served(2), served(1, status=Status.GOOD)))
    assert archiving.mark(NAMES, [first], sagemaker=registry).stages == {arn(1): life_cycle.SERVING}
    assert archiving.mark(NAMES, [first], sagemaker=registry).stages == {}
    moved = archiving.mark(NAMES, [second], sagemaker=registry)
    assert moved.stages == {arn(1): life_cycle.REPLACED, arn(2): life_cycle.SERVING}
    assert archiving.stages(packages.listed(NAMES, sagemaker=registry)) == {
        "PreProduction/Approved": [3],
        "Production/Approved": [2],
        "Production/OnHold": [1],
    }
    assert [set(each) for each in registry.written] == [{"ModelPackageArn", "ModelLifeCycle"}] * 3
    back = Record(releases=(served(1), served(2, status=Status.FAILED)))
    assert archiving.mark(NAMES, [back], sagemaker=registry).stages == {
        arn(2): life_cycle.REPLACED,
        arn(1): life_cycle.SERVING,
    }


def test_a_candidate_serves_nothing_yet() -> None:
    registry = Registry([2, 1])
    waits = Record(releases=(served(2, status=Status.CANDIDATE),))
    assert archiving.mark(NAMES, [waits], sagemaker=registry).stages == {}


def test_who_may_not_change_packages_is_told_and_stopped_by_nothing() -> None:
    registry = Registry([1], refuses="AccessDeniedException")
    marked = archiving.mark(NAMES, [Record(releases=(served(1),))], sagemaker=registry)
    assert marked.stages == {}
    assert marked.refused == (
        f"{arn(1)} stays PreProduction/Approved in the registry, for it is Production/Approved by now"
    )
    with pytest.raises(ClientError, match="ThrottlingException"):
        archiving.mark(NAMES, [Record(releases=(served(1),))], sagemaker=Registry([1], refuses="ThrottlingException"))


def test_an_endpoint_whose_record_is_lost_keeps_all_versions(platform: Platform) -> None:
    assert archiving.records([platform.names], platform.clients) == []
    platform.register()
    record = releases.promote(platform.names, "1", by=BY, clients=platform.clients)
    platform.up(record)
    assert len(archiving.records([platform.names], platform.clients)) == 1
    platform.client("ssm").delete_parameter(Name=platform.names.release_parameter)
    lost = f"endpoint {platform.names.prefix} serves and its release record is lost; `follow` rebuilds it"
    with pytest.raises(RefusedError, match=lost):
        archiving.records([platform.names], platform.clients)


def test_an_archived_version_is_promoted_when_somebody_approved_it_again(platform: Platform) -> None:
    names, sagemaker = platform.names, platform.clients.sagemaker
    package = platform.register()
    platform.register()
    (found,) = archiving.old(names, [], keep=1, days=0, now=datetime.now(UTC), sagemaker=sagemaker)
    archiving.archive([found], sagemaker=sagemaker)
    assert (found.package, found.place) == (package, 2)
    described = packages.describe(names, package, sagemaker=sagemaker)
    assert (described["ModelApprovalStatus"], described["ModelLifeCycle"]["Stage"]) == ("Rejected", "Archived")
    told = f"{package} is archived; `approve` brings it back, with the reason why"
    with pytest.raises(RefusedError, match=told):
        releases.promote(names, package, by=BY, clients=platform.clients)
    # approved in the console it is still in the archive: the stage says so
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    with pytest.raises(RefusedError, match=told):
        releases.promote(names, package, by=BY, clients=platform.clients)
    packages.approve(names, package, why="the newer one is wrong", sagemaker=sagemaker)
    described = packages.describe(names, package, sagemaker=sagemaker)
    assert described["ModelLifeCycle"] == {
        "Stage": "PreProduction",
        "StageStatus": "Approved",
        "StageDescription": "the newer one is wrong",
    }
    assert releases.promote(names, package, by=BY, clients=platform.clients).wanted.champion == package
