"""The feature store's runtime: put, get and delete of records in the online store.

The online store keeps, per record identifier, the record with the latest event time, whatever the order of arrival;
a soft delete leaves its event time behind, so that an older put does not bring the record back.
Source: SageMaker developer guide, "Use Amazon SageMaker Feature Store" and the runtime's API reference.
"""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import moto.backend_index
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.sagemaker import urls
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends

from local.emulator.sagemaker import feature_groups, offline_store
from local.emulator.sagemaker.feature_groups import FeatureGroup

_SECONDS = {"Seconds": 1, "Minutes": 60, "Hours": 3600, "Days": 86400, "Weeks": 604800}
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z")
_HOST = r"https?://featurestore-runtime\.sagemaker\.(.+)\.amazonaws\.com"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the online store holds for one identifier; `values` is None after a soft delete. Times in epoch seconds."""

    values: dict[str, Any] | None
    event_time: float
    expires_at: float | None


class RecordError(ServiceException):
    """A request the feature store refuses."""

    code = "ValidationError"


def event_seconds(text: str, kind: str) -> float:
    """An event time as epoch seconds: ISO 8601 in UTC for `String`, a number of seconds for `Fractional`."""
    if kind == "Fractional":
        value = _number(text)
        if value is not None and math.isfinite(value):
            return value
        raise RecordError(f"event time is {text!r}, allowed for type Fractional is a number of seconds since the epoch")
    if _INSTANT.fullmatch(text):
        return datetime.fromisoformat(text).timestamp()
    raise RecordError(f"event time is {text!r}, allowed for type String is yyyy-MM-dd'T'HH:mm:ssZ (UTC)")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def parsed(group: FeatureGroup, record: list[dict[str, Any]]) -> dict[str, Any]:
    """A record as feature name -> value, checked against the group's definitions; every fault at once."""
    types = group.types()
    found: list[str] = []
    values: dict[str, Any] = {}
    for entry in record:
        name = entry["FeatureName"]
        if name not in types:
            found.append(f"feature {name} is not in the FeatureGroup {group.name}")
            continue
        if name in values:
            found.append(f"feature {name} is given more than once")
        values[name] = entry.get("ValueAsStringList", entry.get("ValueAsString"))
        found += _value_faults(name, values[name], types[name])
    for needed in (group.record_identifier, group.event_time):
        if values.get(needed) in (None, ""):
            found.append(f"feature {needed} is required and has no value")
    if found:
        raise RecordError(f"Validation Error: {'; '.join(found)}.")
    event_seconds(values[group.event_time], types[group.event_time])
    return values


def _value_faults(name: str, value: Any, kind: str) -> list[str]:
    items: list[str] = value if isinstance(value, list) else [value or ""]
    faults: list[str] = []
    for item in items:
        if kind == "Integral" and not re.fullmatch(r"[+-]?\d+", item):
            faults.append(f"feature {name} is {item!r}, allowed for type Integral is a whole number")
        elif kind == "Fractional" and _number(item) is None:
            faults.append(f"feature {name} is {item!r}, allowed for type Fractional is a number")
    return faults


def put(backend: SageMakerModelBackend, group: FeatureGroup, request: dict[str, Any]) -> None:
    """Write a record to the stores it is meant for; the online store keeps it when it is the latest."""
    values = parsed(group, request["Record"])
    stores = _stores(group, request)
    moment = event_seconds(values[group.event_time], group.types()[group.event_time])
    if "OnlineStore" in stores:
        rows = feature_groups.records(backend, group)
        identifier = values[group.record_identifier]
        before = rows.get(identifier)
        if before is None or before.event_time <= moment:
            rows[identifier] = Row(values=values, event_time=moment, expires_at=_expiry(group, request, moment))
    if "OfflineStore" in stores:
        offline_store.append(backend, group, values, moment, deleted=False)


def _stores(group: FeatureGroup, request: dict[str, Any]) -> set[str]:
    available = {"OnlineStore"} if (group.online or {}).get("EnableOnlineStore") else set[str]()
    available |= {"OfflineStore"} if group.offline else set()
    wanted = set(request.get("TargetStores") or available)
    if not wanted <= available:
        missing = ", ".join(sorted(wanted - available))
        raise RecordError(f"Validation Error: FeatureGroup {group.name} has no {missing}.")
    return wanted


def _expiry(group: FeatureGroup, request: dict[str, Any], moment: float) -> float | None:
    duration = request.get("TtlDuration") or (group.online or {}).get("TtlDuration")
    return moment + duration["Value"] * _SECONDS[duration["Unit"]] if duration else None


def read(
    backend: SageMakerModelBackend, group: FeatureGroup, identifier: str, names: list[str] | None
) -> tuple[list[dict[str, Any]], float | None]:
    """A record in the form of the API and when it expires; empty when there is none (any more)."""
    if not (group.online or {}).get("EnableOnlineStore"):
        raise RecordError(f"Validation Error: FeatureGroup {group.name} has no OnlineStore.")
    unknown = set(names or ()) - set(group.types())
    if unknown:
        raise RecordError(f"Validation Error: features {', '.join(sorted(unknown))} are not in {group.name}.")
    row: Row | None = feature_groups.records(backend, group).get(identifier)
    if row is None or row.values is None or (row.expires_at is not None and row.expires_at <= time.time()):
        return [], None
    chosen = {n: v for n, v in row.values.items() if not names or n in names}
    return [_feature(name, value) for name, value in chosen.items()], row.expires_at


def _feature(name: str, value: Any) -> dict[str, Any]:
    return {"FeatureName": name, ("ValueAsStringList" if isinstance(value, list) else "ValueAsString"): value}


def delete(backend: SageMakerModelBackend, group: FeatureGroup, request: dict[str, Any]) -> None:
    """Delete a record, unless what is stored is later than the delete's event time."""
    kind = group.types()[group.event_time]
    moment = event_seconds(request["EventTime"], kind)
    identifier = request["RecordIdentifierValueAsString"]
    stores = _stores(group, request)
    rows = feature_groups.records(backend, group)
    before = rows.get(identifier)
    if "OnlineStore" in stores and (before is None or before.event_time <= moment):
        if request.get("DeletionMode") == "HardDelete":
            rows.pop(identifier, None)
        else:
            rows[identifier] = Row(values=None, event_time=moment, expires_at=None)
    if "OfflineStore" in stores:
        values = {group.record_identifier: identifier, group.event_time: request["EventTime"]}
        offline_store.append(backend, group, values, moment, deleted=True)


class FeatureStoreRuntimeResponse(BaseResponse):
    """The service `sagemaker-featurestore-runtime`."""

    def __init__(self) -> None:
        super().__init__(service_name="sagemaker-featurestore-runtime")
        self.automated_parameter_parsing = True

    @property
    def _backend(self) -> SageMakerModelBackend:
        return sagemaker_backends[self.current_account][self.region]

    def put_record(self) -> EmptyResult:
        """PutRecord."""
        request = self._get_params()
        put(self._backend, feature_groups.find(self._backend, request["FeatureGroupName"]), request)
        return EmptyResult()

    def batch_write_record(self) -> ActionResult:
        """BatchWriteRecord: each record for itself; one that is refused is told of, and the others are written."""
        request, errors = self._get_params(), list[dict[str, Any]]()
        for entry in request["Entries"]:
            try:
                group = feature_groups.find(self._backend, entry["FeatureGroupName"])
                put(self._backend, group, {"TtlDuration": request.get("TtlDuration"), **entry})
            except ServiceException as error:
                errors.append({"Entry": entry, "ErrorCode": error.code, "ErrorMessage": error.message})
        return ActionResult({"Errors": errors, "UnprocessedEntries": []})

    def get_record(self) -> ActionResult:
        """GetRecord; without a record the answer is empty, as on AWS."""
        request = self._get_params()
        group = feature_groups.find(self._backend, request["FeatureGroupName"])
        identifier = request["RecordIdentifierValueAsString"]
        record, expires = read(self._backend, group, identifier, request.get("FeatureNames"))
        return ActionResult(_with_expiry({"Record": record} if record else {}, expires, request))

    def delete_record(self) -> EmptyResult:
        """DeleteRecord."""
        request = self._get_params()
        delete(self._backend, feature_groups.find(self._backend, request["FeatureGroupName"]), request)
        return EmptyResult()


def _with_expiry(answer: dict[str, Any], expires: float | None, request: dict[str, Any]) -> dict[str, Any]:
    if expires is None or request.get("ExpirationTimeResponse") != "Enabled":
        return answer
    return answer | {"ExpiresAt": datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def install() -> None:
    """Route the service. Its signing name is `sagemaker`, so moto's server looks for its paths there."""
    urls.url_bases.append(_HOST)
    urls.url_paths["{0}/BatchWriteRecord$"] = FeatureStoreRuntimeResponse.dispatch
    urls.url_paths["{0}/FeatureGroup/(?P<name>[^/]+)$"] = FeatureStoreRuntimeResponse.dispatch
    moto.backend_index.backend_url_patterns.append(("sagemaker", re.compile(_HOST)))
