"""Model packages, as the registry describes them: what the monitors of an endpoint have to know of its champion.

They are read before the program registers its resources. The SDK's look-ups wait in the program's event loop, so that
each takes the longer the more resources wait in it: among those of 50 endpoints they were most of a preview.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from contracts.release import Record
from settings import Workload


def read(package_arn: str, opts: pulumi.InvokeOptions) -> Mapping[str, Any]:
    """The properties of a model package (CloudFormation template reference, AWS::SageMaker::ModelPackage).

    The provider has no data source for model packages; Cloud Control reads any resource type.
    """
    found = aws.cloudcontrol.get_resource(identifier=package_arn, type_name="AWS::SageMaker::ModelPackage", opts=opts)
    return json.loads(found.properties)


def champions(
    workloads: Mapping[str, Workload], releases: Mapping[str, Mapping[str, Record]], opts: pulumi.InvokeOptions
) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Workload -> endpoint -> the package of its champion, of endpoints that have a release and run."""
    wanted = {
        (workload, endpoint): record.wanted.champion
        for workload, mine in releases.items()
        for endpoint, record in mine.items()
        if workloads[workload].endpoints[endpoint].state == "running"
    }
    described = {package: read(package, opts) for package in sorted(set(wanted.values()))}
    return {
        workload: {endpoint: described[package] for (its, endpoint), package in wanted.items() if its == workload}
        for workload in workloads
    }


def of_services(
    workloads: Mapping[str, Workload], releases: Mapping[str, Mapping[str, Record]], opts: pulumi.InvokeOptions
) -> dict[str, Mapping[str, Any]]:
    """The package of every release of the endpoints that SageMaker does not run, by ARN: they are made of it."""
    wanted = {
        release.champion
        for workload, mine in releases.items()
        for endpoint in workloads[workload].elsewhere
        if endpoint in mine
        for release in mine[endpoint].releases
    }
    return {package: read(package, opts) for package in sorted(wanted)}
