from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.models import packages
from contracts.release import Record
from settings import Realtime, Workload
from settings.endpoints import Endpoint
from tests.components.engine import deploy
from tests.contracts.release.records import SECOND

PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-staging/1"


def test_a_package_is_read_through_cloud_control() -> None:
    found: list[Mapping[str, Any]] = []
    asked: list[dict[str, Any]] = []

    def answer(args: dict[str, Any]) -> dict[str, Any]:
        asked.append(args)
        return {"properties": '{"CustomerMetadataProperties": {"contract_sha": "0123456789abcdef"}}'}

    invokes = {"aws:cloudcontrol/getResource:getResource": answer}
    deploy(lambda: found.append(packages.read(PACKAGE, pulumi.InvokeOptions())), invokes=invokes)
    assert found == [{"CustomerMetadataProperties": {"contract_sha": "0123456789abcdef"}}]
    assert asked == [{"identifier": PACKAGE, "typeName": "AWS::SageMaker::ModelPackage"}]


def test_champions_of_what_runs_are_read_each_once() -> None:
    endpoints: dict[str, Endpoint] = {
        "live": Realtime(),
        "second": Realtime(),
        "asleep": Realtime(state="stopped"),
        "new": Realtime(),
    }
    workloads = {"churn": Workload(contract="c.yaml", champion="live", endpoints=endpoints)}
    releases: dict[str, dict[str, Record]] = {"churn": dict.fromkeys(("live", "second", "asleep"), SECOND)}
    asked: list[str] = []

    def answer(args: dict[str, Any]) -> dict[str, Any]:
        asked.append(args["identifier"])
        return {"properties": '{"ModelPackageVersion": 2}'}

    found: list[Mapping[str, Any]] = []
    deploy(
        lambda: found.append(packages.champions(workloads, releases, pulumi.InvokeOptions())),
        invokes={"aws:cloudcontrol/getResource:getResource": answer},
    )
    described = {"ModelPackageVersion": 2}
    assert found == [{"churn": {"live": described, "second": described}}]
    assert asked == [SECOND.wanted.champion]
