from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components.models import packages
from contracts.release import Record
from settings import Fargate, MultiModel, Realtime, Workload
from settings.endpoints import Endpoint
from tests.components.engine import deploy
from tests.contracts.release.records import FIRST, SECOND

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


def described(workload: Workload, releases: dict[str, Record]) -> tuple[Mapping[str, Any], list[str]]:
    """What is known of packages, and which of them were asked for."""
    asked: list[str] = []

    def answer(args: dict[str, Any]) -> dict[str, Any]:
        asked.append(args["identifier"])
        return {"properties": '{"ModelPackageVersion": 2}'}

    found: list[Mapping[str, Any]] = []
    deploy(
        lambda: found.append(packages.described({"churn": workload}, {"churn": releases}, pulumi.InvokeOptions())),
        invokes={"aws:cloudcontrol/getResource:getResource": answer},
    )
    return found[0], asked


def test_champions_of_what_runs_are_read_each_once() -> None:
    endpoints: dict[str, Endpoint] = {
        "live": Realtime(),
        "second": Realtime(),
        "asleep": Realtime(state="stopped"),
        "new": Realtime(),
    }
    workload = Workload(contract="c.yaml", champion="live", endpoints=endpoints)
    found, asked = described(workload, {"live": SECOND, "second": SECOND, "asleep": FIRST})
    assert found == {SECOND.wanted.champion: {"ModelPackageVersion": 2}}
    assert asked == [SECOND.wanted.champion]


@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param(MultiModel(kind="multi_model", state="stopped"), id="several models"),
        pytest.param(
            Fargate(
                kind="fargate",
                state="stopped",
                certificate_arn=CERTIFICATE,
                client_security_groups=("sg-0123456789abcdef0",),
            ),
            id="run by ECS",
        ),
    ],
)
def test_what_is_made_of_a_champions_image_needs_that_of_every_release_also_while_it_is_stopped(
    endpoint: Endpoint,
) -> None:
    _, asked = described(Workload(contract="c.yaml", endpoints={"regions": endpoint}), {"regions": SECOND})
    assert asked == [release.champion for release in reversed(SECOND.releases)]


def test_the_image_of_a_package_is_its_containers() -> None:
    assert packages.image({"InferenceSpecification": {"Containers": [{"Image": "inference@sha256:1"}]}}) == (
        "inference@sha256:1"
    )
