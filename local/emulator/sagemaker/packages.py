"""The model registry: packages keep all they were registered with, updates merge, and changes are announced.

moto drops the model card and other members, lists packages without their stage, replaces the customer metadata on
update, withdraws an approval and further inference specifications when an update does not repeat them, reuses version
numbers, and has neither deletion nor group policies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ConflictException, ResourceNotFound, ValidationError
from moto.sagemaker.models import ModelPackage, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local.emulator.context import Context
from local.emulator.delivery import events
from local.emulator.extension import add, replace, store, wrap

_EXTRAS = ("ModelCard", "SkipModelValidation", "SourceUri", "SecurityConfig", "ModelLifeCycle")
_EVENT_MEMBERS = (
    "ModelPackageGroupName",
    "ModelPackageName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelPackageStatusDetails",
    "CertifyForMarketplace",
    "ModelApprovalStatus",
    "ApprovalDescription",
    "MetadataProperties",
    "ModelMetrics",
    "CustomerMetadataProperties",
    "ModelLifeCycle",
    "LastModifiedTime",
)


def described(backend: SageMakerModelBackend, name_or_arn: str) -> dict[str, Any]:
    """The answer of DescribeModelPackage."""
    package = backend.describe_model_package(name_or_arn)
    return package.gen_response_object() | store(backend, "package extras").get(package.arn, {})


def announce(context: Context, backend: SageMakerModelBackend, arn: str, updated: Iterable[str] = ()) -> None:
    """Emit `SageMaker Model Package State Change` (SageMaker developer guide, "Events that SageMaker sends"); `updated`
    are the members that an update named, and none of a package that is new."""
    detail = {k: v for k, v in described(backend, arn).items() if k in _EVENT_MEMBERS}
    if changed := [each for each in updated if each in _EVENT_MEMBERS and each != "ModelPackageArn"]:
        detail["UpdatedModelPackageFields"] = changed
    events.emit(
        context,
        backend.account_id,
        backend.region_name,
        source="aws.sagemaker",
        detail_type="SageMaker Model Package State Change",
        resources=[arn],
        detail=detail,
    )


def install(context: Context) -> None:
    """Correct moto's registry and add what it lacks."""

    def create_model_package(original: Callable[..., str], self: SageMakerModelBackend, **kwargs: Any) -> str:
        group = kwargs.get("model_package_group_name")
        if group:
            kwargs["model_package_group_name"] = group.rpartition("/")[2]
        return original(self, **kwargs)

    def register(original: Callable[..., ActionResult], self: SageMakerResponse) -> ActionResult:
        request, backend = self._get_params(), self.sagemaker_backend
        answer: Any = original(self)
        arn = answer.result["ModelPackageArn"]
        extras = {k: request[k] for k in _EXTRAS if request.get(k) is not None}
        store(backend, "package extras")[arn] = extras
        announce(context, backend, arn)
        return answer

    def update_model_package(self: SageMakerResponse) -> ActionResult:
        backend, request = self.sagemaker_backend, self._get_params()
        package = backend.describe_model_package(request["ModelPackageArn"])
        _update(backend, package, request)
        announce(context, backend, package.arn, request)
        return ActionResult({"ModelPackageArn": package.arn})

    def list_model_packages(original: Callable[..., ActionResult], self: SageMakerResponse) -> ActionResult:
        answer: Any = original(self)
        kept = store(self.sagemaker_backend, "package extras")
        for listed in answer.result["ModelPackageSummaryList"]:
            listed |= {k: v for k, v in kept.get(listed["ModelPackageArn"], {}).items() if k == "ModelLifeCycle"}
        return answer

    wrap(SageMakerModelBackend, "create_model_package", create_model_package)
    wrap(SageMakerResponse, "create_model_package", register)
    wrap(SageMakerResponse, "list_model_packages", list_model_packages)
    replace(SageMakerResponse, "update_model_package", update_model_package)
    replace(SageMakerResponse, "describe_model_package", _describe)
    wrap(SageMakerResponse, "create_model_package_group", _create_group)
    wrap(ModelPackage, "__init__", _numbered)
    for operation in (
        delete_model_package,
        delete_model_package_group,
        put_model_package_group_policy,
        get_model_package_group_policy,
        delete_model_package_group_policy,
    ):
        add(SageMakerResponse, operation.__name__, operation)


def _describe(self: SageMakerResponse) -> ActionResult:
    return ActionResult(described(self.sagemaker_backend, self._get_param("ModelPackageName")))


def _update(backend: SageMakerModelBackend, package: ModelPackage, request: dict[str, Any]) -> None:
    if request.get("ModelApprovalStatus"):
        package.set_model_approval_status(request["ModelApprovalStatus"])
    if request.get("ApprovalDescription") is not None:
        package.approval_description = request["ApprovalDescription"]
    metadata = (package.customer_metadata_properties or {}) | (request.get("CustomerMetadataProperties") or {})
    for name in request.get("CustomerMetadataPropertiesToRemove") or []:
        metadata.pop(name, None)
    package.customer_metadata_properties = metadata or None
    if added := request.get("AdditionalInferenceSpecificationsToAdd"):
        package.add_additional_inference_specifications(added)
    extras = store(backend, "package extras").setdefault(package.arn, {})
    extras |= {k: request[k] for k in _EXTRAS if request.get(k) is not None}
    if request.get("InferenceSpecification"):
        package.inference_specification = request["InferenceSpecification"]
    package.modifications_done()


def _numbered(original: Callable[..., None], self: ModelPackage, **kwargs: Any) -> None:
    """Version numbers go on counting after a deletion, so that no two packages ever share one."""
    group = kwargs.get("model_package_group_name")
    if group:
        from moto.sagemaker.models import sagemaker_backends

        counters = store(sagemaker_backends[kwargs["account_id"]][kwargs["region_name"]], "package versions")
        kwargs["model_package_version"] = counters[group] = counters.get(group, 0) + 1
    original(self, **kwargs)


def _create_group(original: Callable[..., ActionResult], self: SageMakerResponse) -> ActionResult:
    name = self._get_param("ModelPackageGroupName")
    existing = self.sagemaker_backend.model_package_groups.get(name)
    if existing is not None:
        raise ValidationError(f"Model Package Group already exists: {existing.arn}")
    return original(self)


def delete_model_package(self: SageMakerResponse) -> EmptyResult:
    """DeleteModelPackage, by ARN (a versioned package has no name of its own)."""
    backend = self.sagemaker_backend
    package = backend.describe_model_package(self._get_param("ModelPackageName"))
    del backend.model_packages[package.arn]
    for name in [n for n, arn in backend.model_package_name_mapping.items() if arn == package.arn]:
        del backend.model_package_name_mapping[name]
    store(backend, "package extras").pop(package.arn, None)
    return EmptyResult()


def delete_model_package_group(self: SageMakerResponse) -> EmptyResult:
    """DeleteModelPackageGroup, refused while it has packages."""
    backend = self.sagemaker_backend
    group = backend.describe_model_package_group(self._get_param("ModelPackageGroupName"))
    name = group.model_package_group_name
    left = [p.arn for p in backend.model_packages.values() if p.model_package_group_name == name]
    if left:
        raise ConflictException(f"Model package group {group.arn} has {len(left)} model packages; delete them first.")
    del backend.model_package_groups[name]
    store(backend, "group policies").pop(name, None)
    return EmptyResult()


def put_model_package_group_policy(self: SageMakerResponse) -> ActionResult:
    """PutModelPackageGroupPolicy."""
    backend = self.sagemaker_backend
    group = backend.describe_model_package_group(self._get_param("ModelPackageGroupName"))
    policy = self._get_param("ResourcePolicy")
    try:
        json.loads(policy)
    except ValueError as error:
        raise ValidationError(f"ResourcePolicy is not JSON: {error}.") from error
    store(backend, "group policies")[group.model_package_group_name] = policy
    return ActionResult({"ModelPackageGroupArn": group.arn})


def get_model_package_group_policy(self: SageMakerResponse) -> ActionResult:
    """GetModelPackageGroupPolicy."""
    return ActionResult({"ResourcePolicy": _policies(self)[self._get_param("ModelPackageGroupName")]})


def delete_model_package_group_policy(self: SageMakerResponse) -> EmptyResult:
    """DeleteModelPackageGroupPolicy."""
    del _policies(self)[self._get_param("ModelPackageGroupName")]
    return EmptyResult()


def _policies(self: SageMakerResponse) -> dict[str, str]:
    backend = self.sagemaker_backend
    group = backend.describe_model_package_group(self._get_param("ModelPackageGroupName"))
    policies = store(backend, "group policies")
    if group.model_package_group_name not in policies:
        raise ResourceNotFound(f"Cannot find resource policy for: {group.arn}")
    return policies
