"""Which endpoints a VPC needs: those of the services that what stands in it calls, and no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.policies.support import REGION, UNKNOWN, Specimen, judge

POLICY = "vpc-endpoints-required"
VPC = Specimen("ec2/vpc", "vpc")
FUNCTION = Specimen("lambda/function", "rollback", {"vpcConfig": {"subnetIds": ["private-a"]}})
PIPELINE = Specimen("sagemaker/pipeline", "churn")
TOPIC, BUCKET, FEATURES = (
    Specimen("sns/topic", "alerts"),
    Specimen("s3/bucket", "raw"),
    Specimen("sagemaker/featureGroup", "f"),
)


def endpoint(service: str, **inputs: Any) -> Specimen:
    name = {"serviceName": f"com.amazonaws.{REGION}.{service}", "vpcEndpointType": "Interface"}
    return Specimen("ec2/vpcEndpoint", service, {"vpcId": "vpc", **name, "privateDnsEnabled": True, **inputs})


def lacking(*specimens: Specimen, config: Mapping[str, Any] | None = None) -> list[str]:
    """What the policy says of the VPC, with these beside it; what it violates before what is undecided."""
    settings = {POLICY: {"enforcementLevel": "mandatory", **(config or {})}}
    verdict = judge([VPC, *specimens], only=[POLICY], config=settings)
    said = [each.message.partition(". Create ")[0].removeprefix("ec2/vpc 'vpc': ") for each in verdict.violations]
    return [*said, *(line for each in verdict.undecided for line in each.message.splitlines())]


def test_a_vpc_in_which_nothing_runs_needs_no_endpoint() -> None:
    assert lacking() == []
    assert lacking(TOPIC, BUCKET, FEATURES, Specimen("secretsmanager/secret", "s"), FUNCTION.drop("vpcConfig")) == []


@pytest.mark.parametrize(
    ("beside", "services"),
    [
        ([FUNCTION], []),
        ([FUNCTION, TOPIC], ["sns"]),
        ([FUNCTION, BUCKET, Specimen("ssm/parameter", "p")], ["s3", "ssm"]),
        ([PIPELINE, TOPIC, FEATURES], ["sagemaker.featurestore-runtime"]),
        ([FUNCTION, FEATURES], []),
        ([FUNCTION, Specimen("sagemaker/endpoint", "e")], ["sagemaker.api"]),
        ([Specimen("ecs/service", "s")], ["s3", "ecr.api", "ecr.dkr", "logs"]),
        ([Specimen("eks/nodeGroup", "n")], ["s3", "ecr.api", "ecr.dkr", "logs", "ec2"]),
        ([PIPELINE, Specimen("ecr/repository", "images")], []),
    ],
    ids=lambda each: "+".join(str(getattr(one, "type", one)) for one in each) or "none",
)
def test_each_service_follows_from_who_calls_and_what_is_there(
    beside: Sequence[Specimen], services: Sequence[str]
) -> None:
    found = [said.removeprefix("it has no endpoint for ").partition(",")[0] for said in lacking(*beside)]
    assert found == services
    assert lacking(*beside, *map(endpoint, services)) == []


def test_a_fips_endpoint_serves_and_one_of_a_longer_name_does_not() -> None:
    assert lacking(FUNCTION, TOPIC, endpoint("sns-fips")) == []
    assert lacking(FUNCTION, TOPIC, endpoint("other-sns")) == [
        "it has no endpoint for sns, which lambda/function 'rollback' needs"
    ]


def test_settings_ask_for_more_and_for_less() -> None:
    assert lacking(config={"services": ["kms"]}) == ["it has no endpoint for kms"]
    assert lacking(FUNCTION, TOPIC, config={"notCalled": ["sns"]}) == []
    assert lacking(FUNCTION, TOPIC, config={"services": ["sns"], "notCalled": ["sns"]}) == [
        "it has no endpoint for sns"
    ]


def test_what_is_not_known_yet_leaves_the_service_undecided() -> None:
    somewhere = FUNCTION.put("vpcConfig", UNKNOWN)
    assert lacking(somewhere, TOPIC) == ["lambda/function 'rollback': vpcConfig is not known yet"]
    assert lacking(somewhere, Specimen("ecs/service", "s"))[0] == (
        "it has no endpoint for s3, which ecs/service 's' needs"
    )
    unnamed = endpoint("sns").put("serviceName", UNKNOWN)
    assert lacking(FUNCTION, TOPIC, unnamed) == ["ec2/vpcEndpoint 'sns': serviceName is not known yet"]
    assert lacking(FUNCTION, TOPIC, unnamed, endpoint("sns")) == []
