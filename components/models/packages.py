"""Model packages, as the registry describes them: what an endpoint and its monitors have to know of a champion.

They are read before the program registers its resources. The SDK's look-ups wait in the program's event loop, so that
each takes the longer the more resources wait in it: among those of 50 endpoints they were most of a preview.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from contracts.kinds import KINDS
from contracts.release import Record
from settings import Workload


def read(package_arn: str, opts: pulumi.InvokeOptions) -> Mapping[str, Any]:
    """The properties of a model package (CloudFormation template reference, AWS::SageMaker::ModelPackage).

    The provider has no data source for model packages; Cloud Control reads any resource type.
    """
    found = aws.cloudcontrol.get_resource(identifier=package_arn, type_name="AWS::SageMaker::ModelPackage", opts=opts)
    return json.loads(found.properties)


def described(
    workloads: Mapping[str, Workload], releases: Mapping[str, Mapping[str, Record]], opts: pulumi.InvokeOptions
) -> dict[str, Mapping[str, Any]]:
    """By ARN, the packages that the program has to know: of champions that run, what their monitors compare with; of
    every champion that SageMaker does not run or that serves beside other models, what is made of it by its image.
    """
    wanted: set[str] = set()
    for workload, mine in releases.items():
        for endpoint, record in mine.items():
            settings = workloads[workload].endpoints[endpoint]
            kind = KINDS[settings.kind]
            if settings.state == "running":
                wanted.add(record.wanted.champion)
            if kind.models or kind.host != "sagemaker":
                wanted |= {release.champion for release in record.releases}
    return {package: read(package, opts) for package in sorted(wanted)}


def image(package: Mapping[str, Any]) -> str:
    """URI of the image of a package that was described."""
    (container,) = package["InferenceSpecification"]["Containers"]
    return container["Image"]
