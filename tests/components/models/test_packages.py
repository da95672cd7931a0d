from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.models import packages
from tests.components.engine import deploy

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
