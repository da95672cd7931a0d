"""Whether a region has the services that a stack is made of."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from automation.operations.findings import Stack
from automation.operations.offered import service, services
from tests.synth.conftest import written_types

LIST = "/aws/service/global-infrastructure/services"


class Published:
    """Systems Manager, as far as it publishes these services in these regions."""

    def __init__(self, **regions: str) -> None:
        self.names = {f"{LIST}/{name}" for name in regions}
        self.names |= {f"{LIST}/{name}/regions/{region}" for name, each in regions.items() for region in each.split()}
        self.calls: list[int] = []

    def get_parameters(self, *, Names: list[str]) -> dict[str, Any]:  # noqa: N803  boto3's word
        self.calls.append(len(Names))
        return {"Parameters": [{"Name": name} for name in Names if name in self.names]}


def found(published: Published, *kinds: str) -> list[tuple[str, bool | None, str]]:
    resources = [{"type": kind, "inputs": {}} for kind in kinds]
    stack = Stack(resources=resources, region="eu-west-1", client=lambda _: published)
    return [(each.subject, each.holds, each.found) for each in services(stack)]


def test_what_the_region_has_is_a_line_and_what_it_lacks_one_each() -> None:
    published = Published(s3="eu-west-1 us-east-1", sagemaker="eu-west-1", stepfunctions="us-east-1")
    kinds = ("aws:s3/bucket:Bucket", "aws:sagemaker/model:Model", "aws:sagemaker/endpoint:Endpoint")
    assert found(published, *kinds, "mlplatform:lake:Lake") == [("services", True, "2 are offered in eu-west-1")]
    assert found(published, *kinds, "aws:sfn/stateMachine:StateMachine", "aws:glue/job:Job") == [
        ("glue", None, "AWS's list of services has none of it at all"),
        ("stepfunctions", None, "AWS's list of services has none of it in eu-west-1"),
        ("services", True, "2 are offered in eu-west-1"),
    ]
    assert found(Published(), "mlplatform:lake:Lake") == []


def test_no_call_asks_for_more_names_than_aws_takes() -> None:
    published = Published()
    assert len(found(published, *(f"aws:m{number}/a:A" for number in range(11)))) == 11
    assert published.calls == [10, 10, 2]


@pytest.mark.parametrize("kind", sorted(written_types()))
def test_the_service_of_every_type_is_one_that_aws_has(kind: str) -> None:
    assert service(kind) in boto3.Session().get_available_services()
