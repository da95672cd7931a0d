from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.models import packages
from contracts.release import Record
from settings import Fargate, Realtime, Workload
from settings.endpoints import Endpoint
from tests.components.engine import deploy
from tests.contracts.release.records import SECOND

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
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


def test_champions_of_what_runs_and_all_releases_of_what_sagemaker_does_not_run_are_read_each_once() -> None:
    endpoints: dict[str, Endpoint] = {
        "live": Realtime(),
        "second": Realtime(),
        "asleep": Realtime(state="stopped"),
        "new": Realtime(),
    }
    fargate = Fargate(kind="fargate", certificate_arn=CERTIFICATE, client_security_groups=("sg-0123456789abcdef0",))
    workloads = {
        "churn": Workload(contract="c.yaml", champion="live", endpoints=endpoints),
        "tasks": Workload(contract="c.yaml", endpoints={"live": fargate}),
    }
    releases: dict[str, dict[str, Record]] = {"churn": dict.fromkeys(("live", "second", "asleep"), SECOND)}
    asked: list[str] = []

    def answer(args: dict[str, Any]) -> dict[str, Any]:
        asked.append(args["identifier"])
        return {"properties": '{"ModelPackageVersion": 2}'}

    found: list[Mapping[str, Any]] = []

    def described() -> None:
        known = packages.described(workloads, releases, pulumi.InvokeOptions())
        found.append(packages.champions(workloads, releases, known))

    def read() -> tuple[Mapping[str, Any], list[str]]:
        asked.clear()
        found.clear()
        deploy(described, invokes={"aws:cloudcontrol/getResource:getResource": answer})
        return found[0], asked

    package = {"ModelPackageVersion": 2}
    served = {"churn": {"live": package, "second": package}}
    assert read() == (served | {"tasks": {}}, [SECOND.wanted.champion])
    releases["tasks"] = {"live": SECOND}
    assert read() == (served | {"tasks": {"live": package}}, sorted(each.champion for each in SECOND.releases))
