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

from contracts.architectures import ARM64, X86_64, Architecture, container
from contracts.images import INFERENCE_ARM64
from contracts.kinds import KINDS
from contracts.names import Names
from contracts.release import Record, Release
from settings import AnyKind, Lambda, Workload


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
    every champion that SageMaker does not run or that serves beside other models, what is made of it by its image; of
    whatever serves on Graviton, whether it has an image for that.
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
            if settings.processor == ARM64:
                wanted |= {package for release in _made(settings, record) for package in _serving(release)}
    return {package: read(package, opts) for package in sorted(wanted)}


def require_images(
    names: Names,
    workloads: Mapping[str, Workload],
    releases: Mapping[str, Mapping[str, Record]],
    packages: Mapping[str, Mapping[str, Any]],
) -> None:
    """RunError, with all of them, for packages that an endpoint is to serve on Graviton and that have no image for it.

    It names the endpoint's field. Instances would start, and no container on them.
    """
    lines = [
        f"  ml-platform:workloads.{workload}.endpoints.{endpoint}.{_said(settings)}, and "
        f"release {release.id}{'' if release is record.wanted else ', which is kept to move back to,'} has {package}, "
        f"whose image is for {X86_64} alone"
        for workload, mine in releases.items()
        for endpoint, record in mine.items()
        for settings in (workloads[workload].endpoints[endpoint],)
        if settings.processor == ARM64
        for release in _made(settings, record)
        for package in _serving(release)
        if container(packages[package], ARM64) is None
    ]
    if lines:
        raise pulumi.RunError(
            f"what is served on {ARM64} needs packages with an image for it:\n" + "\n".join(lines) + "\nallowed: "
            f"packages registered since {names.image_parameter(INFERENCE_ARM64)} is there; keep {X86_64} until "
            "releases with such packages were promoted"
        )


def served(package: Mapping[str, Any], processor: Architecture) -> Mapping[str, Any]:
    """The container of a package that was described, for a processor that `require_images` found one for."""
    if (found := container(package, processor)) is None:
        raise LookupError(f"no image for {processor} in {package}")
    return found


def _made(settings: AnyKind, record: Record) -> tuple[Release, ...]:
    """The releases that something is made of. A function has the wanted one alone: its versions stay as they are."""
    return (record.wanted,) if isinstance(settings, Lambda) else tuple(record.releases)


def _serving(release: Release) -> list[str]:
    return sorted({*release.packages.values(), *release.shadows.values()})


def _said(settings: AnyKind) -> str:
    of_instances: str | None = getattr(settings, "instance_type", None)
    return f"instance_type: found {of_instances}" if of_instances else f"architecture: found {settings.processor}"
