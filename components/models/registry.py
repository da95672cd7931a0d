"""The registry of a workload: its model package group, which outlives the workload.

SageMaker deletes no group that has packages (API reference, DeleteModelPackageGroup), and packages are what an audit
asks for. So the group of a workload that was taken out of the stack config stays declared as long as there is a release
record of it: nothing fails half way through the update, and a workload whose name comes back finds its models and its
record again. Whoever deletes packages and record has the group deleted by the next update.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import access, readers
from components.service import Service
from contracts.names import Names, WorkloadNames

#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "sagemaker",
        types="sagemaker/modelPackageGroup sagemaker/modelPackageGroupPolicy",
        reads="DescribeModelPackageGroup GetModelPackageGroupPolicy ListTags",
        changes="AddTags CreateModelPackageGroup DeleteModelPackageGroup DeleteModelPackageGroupPolicy DeleteTags "
        "PutModelPackageGroupPolicy",
        named="*/{every} */{ending}",
    ),
)


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """`description` is for people; it stays as it was when the group was made. `readers` are roles outside."""

    names: WorkloadNames
    description: str
    protect: bool
    readers: Sequence[str] = ()


class Registry(pulumi.ComponentResource):
    """The model package group.

    registry = Registry("churn-registry", RegistryArgs(names=names, description="Models of churn", protect=True))
    registry.group.model_package_group_name
    """

    group: aws.sagemaker.ModelPackageGroup

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:registry:Registry", name, None, opts)
        self.group = aws.sagemaker.ModelPackageGroup(
            f"{name}-packages",
            model_package_group_name=args.names.package_group,
            model_package_group_description=one_line(args.description),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                # SageMaker cannot change it; the provider would make a second group of that name, which it refuses.
                ignore_changes=["model_package_group_description"],
            ),
        )
        if args.readers:
            aws.sagemaker.ModelPackageGroupPolicy(
                f"{name}-readers",
                model_package_group_name=self.group.model_package_group_name,
                resource_policy=access.document(readers.packages(args.names, args.readers)),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"packageGroupName": self.group.model_package_group_name})


def decided(names: WorkloadNames, statuses: Sequence[str]) -> dict[str, Any]:
    """The pattern of an event: a package of the workload was registered with, or got, one of these approvals.

    SageMaker tells every change of a package, an approved one's stage too; an update says which members it changed
    (SageMaker AI developer guide, "SageMaker model package state change", read 2026-11-29). What a registration says
    there is not written: it is taken with none, and with this one.
    """
    return {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {
            "ModelPackageGroupName": [names.package_group],
            "ModelApprovalStatus": list(statuses),
            "UpdatedModelPackageFields": [{"exists": False}, "ModelApprovalStatus"],
        },
    }


def one_line(description: str) -> str:
    """A description as the registry takes it: SageMaker refuses line breaks there, and more than 1,024 characters."""
    return " ".join(description.split())[:1024]


def removed(names: Names, workloads: Collection[str], parameters: Mapping[str, str]) -> list[str]:
    """Workloads that the stack config no longer has and that have a release record, in order."""
    prefix = f"{names.parameter_path}/"
    found = (name.removeprefix(prefix).split("/") for name in parameters if name.startswith(prefix))
    records = {parts[0] for parts in found if len(parts) == 3 and parts[2] == "release"}
    return sorted(records - set(workloads))
