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


def described(
    workloads: Mapping[str, Workload], releases: Mapping[str, Mapping[str, Record]], opts: pulumi.InvokeOptions
) -> dict[str, Mapping[str, Any]]:
    """The packages that the program has to know of, by ARN, each read once: the champion of what runs, and
    of what SageMaker does not run every release of the record, for it is made of them.
    """
    elsewhere = {
        release.champion
        for workload, mine in releases.items()
        for endpoint in workloads[workload].elsewhere
        if endpoint in mine
        for release in mine[endpoint].releases
    }
    return {package: read(package, opts) for package in sorted({*_champions(workloads, releases).values(), *elsewhere})}


def champions(
    workloads: Mapping[str, Workload],
    releases: Mapping[str, Mapping[str, Record]],
    known: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Workload -> endpoint -> its champion's package as it is `known`, of endpoints that have a release and run."""
    wanted = _champions(workloads, releases)
    return {
        workload: {endpoint: known[package] for (its, endpoint), package in wanted.items() if its == workload}
        for workload in workloads
    }


def _champions(
    workloads: Mapping[str, Workload], releases: Mapping[str, Mapping[str, Record]]
) -> dict[tuple[str, str], str]:
    return {
        (workload, endpoint): record.wanted.champion
        for workload, mine in releases.items()
        for endpoint, record in mine.items()
        if workloads[workload].endpoints[endpoint].state == "running"
    }
