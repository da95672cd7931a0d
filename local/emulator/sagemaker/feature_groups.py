"""Feature groups: online, offline or both, created, described, extended and deleted as SageMaker does.

moto knows offline groups only, fails on others, drops the online configuration and lacks update, delete and list.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local.emulator.extension import add, replace, store

RESERVED_NAMES = {"is_deleted", "write_time", "api_invocation_time"}
EVENT_TIME_TYPES = ("String", "Fractional")


@dataclass(kw_only=True)
class FeatureGroup:
    """A feature group: what CreateFeatureGroup was given, as updates have changed it."""

    arn: str
    given: dict[str, Any]
    tags: list[dict[str, str]]
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime | None = None

    def __post_init__(self) -> None:
        self.name: str = self.given["FeatureGroupName"]
        self.record_identifier: str = self.given["RecordIdentifierFeatureName"]
        self.event_time: str = self.given["EventTimeFeatureName"]

    @property
    def online(self) -> dict[str, Any] | None:
        """The configuration of its online store."""
        return self.given.get("OnlineStoreConfig")

    @property
    def offline(self) -> dict[str, Any] | None:
        """The configuration of its offline store, with where its records go."""
        return self.given.get("OfflineStoreConfig")

    @property
    def is_iceberg(self) -> bool:
        """Whether its offline store is an Iceberg table."""
        return (self.offline or {}).get("TableFormat") == "Iceberg"

    def describe(self) -> dict[str, Any]:
        """The answer of DescribeFeatureGroup."""
        described = self.given | {
            "FeatureGroupArn": self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified or self.created,
            "FeatureGroupStatus": "Created",
            "OfflineStoreStatus": {"Status": "Active"} if self.offline else None,
            "LastUpdateStatus": {"Status": "Successful"} if self.modified else None,
        }
        return {key: value for key, value in described.items() if value is not None}

    def gen_response_object(self) -> dict[str, Any]:
        """The form in which moto's Search asks for it."""
        return self.describe()

    def types(self) -> dict[str, str]:
        """Feature name -> `Integral`, `Fractional` or `String`."""
        return {definition["FeatureName"]: definition["FeatureType"] for definition in self.given["FeatureDefinitions"]}


def find(backend: SageMakerModelBackend, name_or_arn: str) -> FeatureGroup:
    """The group of that name or ARN.

    Raises:
        ResourceNotFound: there is none.
    """
    name = name_or_arn.rpartition("/")[2]
    groups: dict[str, Any] = backend.feature_groups
    group = groups.get(_arn(backend, name))
    if group is None:
        raise ResourceNotFound(f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}")
    return group


def records(backend: SageMakerModelBackend, group: FeatureGroup) -> dict[str, Any]:
    """The rows of a group's online store, by record identifier."""
    return store(backend, "online records").setdefault(group.arn, {})


def _arn(backend: SageMakerModelBackend, name: str) -> str:
    return f"arn:{backend.partition}:sagemaker:{backend.region_name}:{backend.account_id}:feature-group/{name.lower()}"


def faults(request: dict[str, Any]) -> list[str]:
    """What is wrong with a CreateFeatureGroup request beyond its shape."""
    found: list[str] = []
    names = [definition["FeatureName"] for definition in request["FeatureDefinitions"]]
    types = {d["FeatureName"]: d["FeatureType"] for d in request["FeatureDefinitions"]}
    found += [f"feature {name} is defined more than once" for name in sorted({n for n in names if names.count(n) > 1})]
    found += [f"feature name {name} is reserved" for name in names if name in RESERVED_NAMES]
    for role in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        if request[role] not in types:
            found.append(f"{role} is {request[role]}, which is not among the FeatureDefinitions")
    event_type = types.get(request["EventTimeFeatureName"])
    if event_type is not None and event_type not in EVENT_TIME_TYPES:
        found.append(f"event time feature has type {event_type}, allowed are {' and '.join(EVENT_TIME_TYPES)}")
    online = (request.get("OnlineStoreConfig") or {}).get("EnableOnlineStore", False)
    if not online and not request.get("OfflineStoreConfig"):
        found.append("one of OnlineStoreConfig with EnableOnlineStore and OfflineStoreConfig must be given")
    offline = request.get("OfflineStoreConfig") or {}
    if offline and not request.get("RoleArn"):
        found.append("RoleArn is required with an OfflineStoreConfig")
    if offline.get("TableFormat") == "Iceberg" and offline.get("DisableGlueTableCreation"):
        found.append("DisableGlueTableCreation is true, allowed for TableFormat Iceberg is false")
    return found


def create_feature_group(self: SageMakerResponse) -> ActionResult:
    """CreateFeatureGroup."""
    request, backend = self._get_params(), self.sagemaker_backend
    found = faults(request)
    if found:
        raise ValidationError(f"Validation Error: {'; '.join(found)}.")
    name = request["FeatureGroupName"]
    groups: dict[str, Any] = backend.feature_groups
    if _arn(backend, name) in groups:
        raise ResourceInUseException(
            f"Resource Already Exists: FeatureGroup with name {name} already exists. Choose a different name."
        )
    tags = request.pop("Tags", None) or []
    request["OfflineStoreConfig"] = _resolved(backend, name, request.get("OfflineStoreConfig"))
    request["ThroughputConfig"] = request.get("ThroughputConfig") or {"ThroughputMode": "OnDemand"}
    group = FeatureGroup(arn=_arn(backend, name), given=request, tags=tags)
    groups[group.arn] = group
    return ActionResult({"FeatureGroupArn": group.arn})


def _resolved(backend: SageMakerModelBackend, name: str, offline: dict[str, Any] | None) -> dict[str, Any] | None:
    """The offline configuration with what SageMaker adds: where the records go and the Glue table over them."""
    if not offline:
        return None
    stamp = int(time.time())
    place = f"{backend.account_id}/sagemaker/{backend.region_name}/offline-store/{name}-{stamp}/data"
    storage = offline["S3StorageConfig"]
    resolved = offline | {
        "S3StorageConfig": storage | {"ResolvedOutputS3Uri": f"{storage['S3Uri'].rstrip('/')}/{place}"},
        "DisableGlueTableCreation": offline.get("DisableGlueTableCreation", False),
    }
    if not resolved["DisableGlueTableCreation"] and "DataCatalogConfig" not in resolved:
        table = f"{name.replace('-', '_')}_{stamp}"
        catalog = {"TableName": table, "Catalog": "AwsDataCatalog", "Database": "sagemaker_featurestore"}
        resolved["DataCatalogConfig"] = catalog
    return resolved


def describe_feature_group(self: SageMakerResponse) -> ActionResult:
    """DescribeFeatureGroup."""
    return ActionResult(find(self.sagemaker_backend, self._get_param("FeatureGroupName")).describe())


def update_feature_group(self: SageMakerResponse) -> ActionResult:
    """UpdateFeatureGroup: add features (removing one is not in the API), change the time to live or the throughput."""
    request = self._get_params()
    group = find(self.sagemaker_backend, request["FeatureGroupName"])
    additions = request.get("FeatureAdditions") or []
    taken = set(group.types()) | RESERVED_NAMES
    refused = [d["FeatureName"] for d in additions if d["FeatureName"] in taken]
    if refused:
        raise ValidationError(f"Validation Error: feature names {', '.join(refused)} are in use or reserved.")
    online = request.get("OnlineStoreConfig")
    if online and not group.online:
        raise ValidationError("Validation Error: the FeatureGroup has no online store to update.")
    group.given["FeatureDefinitions"] = group.given["FeatureDefinitions"] + list(additions)
    for key in ("OnlineStoreConfig", "ThroughputConfig"):
        if request.get(key):
            group.given[key] = group.given[key] | request[key]
    group.modified = datetime.now(UTC)
    return ActionResult({"FeatureGroupArn": group.arn})


def delete_feature_group(self: SageMakerResponse) -> EmptyResult:
    """DeleteFeatureGroup: the group and its online records; what is in the offline store stays, as on AWS."""
    backend = self.sagemaker_backend
    group = find(backend, self._get_param("FeatureGroupName"))
    del backend.feature_groups[group.arn]
    store(backend, "online records").pop(group.arn, None)
    return EmptyResult()


def install() -> None:
    """Replace moto's feature groups and add the missing operations."""
    replace(SageMakerResponse, "create_feature_group", create_feature_group)
    replace(SageMakerResponse, "describe_feature_group", describe_feature_group)
    add(SageMakerResponse, "update_feature_group", update_feature_group)
    add(SageMakerResponse, "delete_feature_group", delete_feature_group)
