"""Model packages of a workload: finding one by its version, the newest one, and a person's approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from automation.operations.errors import RefusedError
from contracts import life_cycle
from contracts.names import WorkloadNames

PENDING, APPROVED, REJECTED = "PendingManualApproval", "Approved", "Rejected"


def arn(names: WorkloadNames, package: str) -> str:
    """ARN of a package that is given by its ARN or, of the workload's own group, by its version."""
    return names.arn("sagemaker", f"model-package/{names.package_group}/{package}") if package.isdigit() else package


def describe(names: WorkloadNames, package: str, *, sagemaker: Any) -> Mapping[str, Any]:
    """A package by ARN or version."""
    wanted = arn(names, package)
    try:
        return sagemaker.describe_model_package(ModelPackageName=wanted)
    except sagemaker.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException":
            raise RefusedError(
                f"package: found {package!r}; allowed: the version or ARN of a package of {names.package_group} "
                f"({error.response['Error']['Message']})"
            ) from error
        raise


def metric(names: WorkloadNames, package: str, *, sagemaker: Any) -> str | None:
    """What the pipeline that made a package wrote of how good it is, as `auc 0.8123 from 0.7901 to 0.8345`; None of
    another group's, and where nothing was written."""
    group, _, version = package.partition("/")
    if group != names.package_group:
        return None
    return describe(names, version, sagemaker=sagemaker).get("CustomerMetadataProperties", {}).get("metric")


def listed(names: WorkloadNames, *, sagemaker: Any) -> list[dict[str, Any]]:
    """All packages of the workload as SageMaker lists them, the newest version first; none where there is no group."""
    try:
        pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=names.package_group)
        found = [package for page in pages for package in page["ModelPackageSummaryList"]]
    except sagemaker.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException":  # the group is not there yet
            return []
        raise
    return sorted(found, key=lambda package: package["ModelPackageVersion"], reverse=True)


def newest(names: WorkloadNames, *, sagemaker: Any) -> dict[str, Any] | None:
    """The package that was registered last, described; None if there is none."""
    found = listed(names, sagemaker=sagemaker)
    return sagemaker.describe_model_package(ModelPackageName=found[0]["ModelPackageArn"]) if found else None


def latest(names: WorkloadNames, *, sagemaker: Any) -> str:
    """ARN of the package that was registered last. RefusedError if there is none."""
    found = newest(names, sagemaker=sagemaker)
    if found is None:
        raise RefusedError(f"group {names.package_group} has no package yet: train a model with `retrain`")
    return found["ModelPackageArn"]


def approve(names: WorkloadNames, package: str, *, why: str, sagemaker: Any) -> str:
    """A person's approval of a registered or archived model, with its reason. Returns the package's ARN."""
    found = describe(names, package, sagemaker=sagemaker)
    if found["ModelApprovalStatus"] == APPROVED and not life_cycle.is_archived(found):
        raise RefusedError(f"{found['ModelPackageArn']} is Approved already; promote it")
    sagemaker.update_model_package(
        ModelPackageArn=found["ModelPackageArn"],
        ModelApprovalStatus=APPROVED,
        ApprovalDescription=why,
        ModelLifeCycle=life_cycle.APPROVED.written(why),
    )
    return found["ModelPackageArn"]


def approved(names: WorkloadNames, package: str, *, sagemaker: Any) -> str:
    """ARN of a package that may be released. RefusedError for one that nobody approved, or that is archived."""
    found = describe(names, package, sagemaker=sagemaker)
    if life_cycle.is_archived(found):
        raise RefusedError(f"{found['ModelPackageArn']} is archived; `approve` brings it back, with the reason why")
    if found["ModelApprovalStatus"] != APPROVED:
        raise RefusedError(
            f"{found['ModelPackageArn']} is {found['ModelApprovalStatus']}; allowed: Approved; approve it first"
        )
    return found["ModelPackageArn"]
