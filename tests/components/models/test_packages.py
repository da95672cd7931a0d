from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components.models import packages
from contracts import release
from contracts.release import Record
from settings import Fargate, Lambda, MultiModel, Realtime, Workload
from settings.endpoints import Endpoint
from tests.components.engine import NAMES, deploy
from tests.contracts.release.records import FIRST, SECOND

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
THIRD = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-staging/3"
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


REPOSITORY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-inference"


def package(*, arm64: bool, image: str = f"{REPOSITORY}@sha256:1") -> dict[str, Any]:
    further = {"Name": "arm64", "Containers": [{"Image": f"{REPOSITORY}@sha256:2", "ModelDataUrl": "s3://b/m"}]}
    return {
        "InferenceSpecification": {"Containers": [{"Image": image, "ModelDataUrl": "s3://b/m"}]},
        **({"AdditionalInferenceSpecifications": [further]} if arm64 else {}),
    }


def test_a_package_has_a_container_for_each_processor() -> None:
    both = package(arm64=True)
    found = {each: packages.served(both, each)["Image"] for each in ("x86_64", "arm64")}
    assert found == {"x86_64": f"{REPOSITORY}@sha256:1", "arm64": f"{REPOSITORY}@sha256:2"}
    with pytest.raises(LookupError, match="no image for arm64 in"):
        packages.served(package(arm64=False), "arm64")


GRAVITON = Realtime(instance_type="ml.c7g.large")


def test_what_serves_on_graviton_needs_the_packages_of_every_release() -> None:
    shadowed = release.mirror_traffic(SECOND, THIRD, 10, who="t", why="t", when="2025-01-20T09:00:00+00:00")
    endpoints: dict[str, Endpoint] = {"live": GRAVITON}
    _, asked = described(Workload(contract="c.yaml", endpoints=endpoints), {"live": shadowed})
    assert asked == sorted({FIRST.wanted.champion, SECOND.wanted.champion, THIRD})


def refused(endpoint: Endpoint, packages_of: Mapping[str, Mapping[str, Any]]) -> str:
    workload = Workload(contract="c.yaml", endpoints={"live": endpoint})
    try:
        packages.require_images(NAMES, {"churn": workload}, {"churn": {"live": SECOND}}, packages_of)
    except pulumi.RunError as error:
        return str(error)
    return ""


def test_a_package_without_an_image_for_graviton_is_refused_there_with_all_that_lack_it() -> None:
    first, second = FIRST.wanted, SECOND.wanted
    none = {each.champion: package(arm64=False) for each in (first, second)}
    assert refused(GRAVITON, none) == (
        "what is served on arm64 needs packages with an image for it:\n"
        "  ml-platform:workloads.churn.endpoints.live.instance_type: found ml.c7g.large, and release "
        f"{second.id} has {second.champion}, whose image is for x86_64 alone\n"
        "  ml-platform:workloads.churn.endpoints.live.instance_type: found ml.c7g.large, and release "
        f"{first.id}, which is kept to move back to, has {first.champion}, whose image is for x86_64 alone\n"
        "allowed: packages registered since /mlplatform/staging/images/inference-arm64 is there; keep x86_64 until "
        "releases with such packages were promoted"
    )
    assert refused(Realtime(), none) == ""
    assert refused(GRAVITON, {each: package(arm64=True) for each in none}) == ""


def test_a_function_moves_back_by_its_versions_and_needs_the_wanted_package_alone() -> None:
    function = Lambda(kind="lambda", architecture="arm64")
    first, second = FIRST.wanted.champion, SECOND.wanted.champion
    assert refused(function, {first: package(arm64=False), second: package(arm64=True)}) == ""
    assert refused(function, {first: package(arm64=True), second: package(arm64=False)}).splitlines()[1] == (
        "  ml-platform:workloads.churn.endpoints.live.architecture: found arm64, and release "
        f"{SECOND.wanted.id} has {second}, whose image is for x86_64 alone"
    )


def test_a_model_in_an_image_of_others_has_none_for_graviton() -> None:
    """Every package that the pipeline registers names the platform's image for it, which does not serve this one."""
    theirs = package(arm64=True, image=f"{REPOSITORY.replace('inference', 'fraud-net')}@sha256:1")
    found = {each.champion: theirs for each in (FIRST.wanted, SECOND.wanted)}
    assert "alone" in refused(GRAVITON, found)
