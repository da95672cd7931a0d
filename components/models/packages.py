"""Model packages, as the registry describes them: what the monitors of an endpoint have to know of its champion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws


def read(package_arn: str, opts: pulumi.InvokeOptions) -> Mapping[str, Any]:
    """The properties of a model package (CloudFormation template reference, AWS::SageMaker::ModelPackage).

    The provider has no data source for model packages; Cloud Control reads any resource type.
    """
    found = aws.cloudcontrol.get_resource(identifier=package_arn, type_name="AWS::SageMaker::ModelPackage", opts=opts)
    return json.loads(found.properties)
