"""Who outside reads the models of a stack: one form of statement, for the policy of each resource. Pure.

Roles are told by a condition: a policy that names one as its principal is refused until the role is there, and speaks
of nobody once the role was made anew (IAM user guide, "AWS JSON policy elements: Principal").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from components import access
from components.access import Statement
from components.ground.keys import Domain, Granted
from contracts import partitions
from contracts.layout import Layout
from contracts.names import Names, WorkloadNames

#: Objects that a model consists of: what its run left.
MODEL_OBJECTS: Final = f"{Layout('*').runs}*"
READ_PACKAGES: Final = ("sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages")
PULL_IMAGES: Final = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def packages(names: WorkloadNames, readers: Sequence[str]) -> list[Statement]:
    """The policy of a package group (SageMaker developer guide, "Deploy a model version from a different account")."""
    group, each = package_arns(names, names.package_group)
    return [
        _granted("ReadGroup", ["sagemaker:DescribeModelPackageGroup", "sagemaker:ListModelPackages"], [group], readers),
        _granted("ReadPackages", READ_PACKAGES, [each], readers),
    ]


def artifacts(names: Names, readers: Sequence[str]) -> list[Statement]:
    """Of the artifacts bucket: the objects of models, not those of jobs, contracts and locks."""
    objects = [names.bucket_arn(names.artifacts_bucket, MODEL_OBJECTS)]
    return [_granted("ReadModels", ["s3:GetObject"], objects, readers)] if readers else []


def granted(names: Names, readers: Sequence[str]) -> Granted:
    """Of the models' key: what S3 decrypts for them. Images need nothing, since ECR decrypts by a grant of its own."""
    if not readers:
        return {}
    return {Domain.MODELS: [_granted("ReadModels", ["kms:Decrypt"], ["*"], readers, through_s3(names))]}


def images(readers: Sequence[str]) -> Statement:
    """Of a repository, which is the resource itself."""
    return _granted("PullImages", PULL_IMAGES, [], readers)


def package_arns(names: Names, group: str) -> tuple[str, str]:
    """ARNs of a package group and of the packages in it; the name may be a pattern."""
    return names.arn("sagemaker", f"model-package-group/{group}"), names.arn("sagemaker", f"model-package/{group}/*")


def through_s3(names: Names) -> Mapping[str, Mapping[str, str]]:
    """The condition under which a key is S3's tool, of objects that S3 hands out."""
    host = f"s3.{names.region}.{partitions.of(names.region).dns_suffix}"
    return {"StringEquals": {"kms:ViaService": host}}


def _granted(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    readers: Sequence[str],
    conditions: Mapping[str, Mapping[str, str]] | None = None,
) -> Statement:
    accounts = sorted({":".join([*arn.split(":")[:5], "root"]) for arn in readers})
    only = {"ArnLike": {"aws:PrincipalArn": sorted(readers)}, **(conditions or {})}
    return access.grant(sid, actions, resources, {"AWS": accounts}, conditions=only)
