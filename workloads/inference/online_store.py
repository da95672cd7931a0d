"""Columns of an entity from SageMaker Feature Store's online store, for requests that carry the entity only (F2).

One GetRecord a row. Blocking; called from threads of its own, never from the event loop.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self
from urllib.parse import quote, urlencode

from contracts import partitions
from workloads.inference.aws import UNANSWERED, Client, CredentialsError
from workloads.inference.checks import Check
from workloads.inference.errors import Fault, Refused, invalid, show
from workloads.inference.settings import Settings

MAX_LOOKUPS = 100
AT_ONCE = 8


class OnlineStore:
    """The online store of one feature group. Safe to use from several threads, each with a connection of its own.

    `endpoint` is that of the runtime, by default AWS's for the region. `timeout_ms` bounds connecting and each read.
    """

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """The store that the settings name, or None."""
        if settings.feature_group is None:
            return None
        return cls(
            settings.feature_group,
            region=settings.region,
            timeout_ms=settings.store_timeout_ms,
            endpoint=settings.store_endpoint,
        )

    def __init__(
        self,
        group: str,
        *,
        region: str,
        timeout_ms: float,
        endpoint: str | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.group = group
        url = endpoint or f"https://featurestore-runtime.sagemaker.{region}.{partitions.of(region).dns_suffix}"
        self.client = Client("sagemaker", url, region=region, timeout_s=timeout_ms / 1000, environment=environment)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="store")

    def many(self, entities: list[Any], checks: list[Check], name: str) -> list[dict[str, Any]]:
        """`columns` of each of some entities, several at once. Raises Refused: 422 if there are too many."""
        if len(entities) > MAX_LOOKUPS:
            found = f"{len(entities)} rows without columns"
            raise invalid([Fault(found=found, allowed=f"at most {MAX_LOOKUPS} look-ups in a request")])
        if len(entities) == 1:
            return [self.columns(entities[0], checks, name)]
        return list(self._pool.map(lambda entity: self.columns(entity, checks, name), entities))

    def columns(self, entity: str | int, checks: list[Check], name: str) -> dict[str, Any]:
        """The values of the columns of `checks`, None for those the record lacks; `name` is the entity's column.

        Raises Refused: 422 if the store has no such record or it breaks the contract, 503 if the store cannot be read.
        """
        record = self._record(str(entity))
        if record is None:
            found = f"{show(entity)}, of which the online store has no record,"
            raise invalid([Fault(field=name, found=found, allowed="a known one, or the columns themselves")])
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        for check in checks:
            text = record.get(check.name)
            try:
                values[check.name] = check.from_stored(text if text is not None else "")
            except ValueError:
                found = "nothing in the online store" if text is None else f"{show(text)} in the online store"
                faults.append(Fault(field=check.name, found=found, allowed=check.allowed))
        if faults:
            raise invalid(faults)
        return values

    def _record(self, entity: str) -> dict[str, str] | None:
        query = urlencode({"RecordIdentifierValueAsString": entity}, quote_via=quote)
        path = f"/FeatureGroup/{quote(self.group, safe='')}"
        try:
            status, body = self.client.call("GET", path, query)
        except CredentialsError as error:
            raise _unavailable(str(error)) from None
        except UNANSWERED as error:
            reason = "did not answer in time" if isinstance(error, TimeoutError) else f"cannot be reached ({error})"
            raise _unavailable(f"the online store {reason}") from None
        if status == 404:
            raise _unavailable(f"the online store has no feature group {self.group!r}")
        if status != 200:
            raise _unavailable(f"the online store answered {status}: {body[:200].decode(errors='replace')}")
        try:
            items = json.loads(body).get("Record")
            return {item["FeatureName"]: item["ValueAsString"] for item in items} if items else None
        except (ValueError, AttributeError, KeyError, TypeError):
            raise _unavailable("the online store answered what is no record") from None


def _unavailable(why: str) -> Refused:
    return Refused(503, "online_store", f"{why}; send the columns, or try again", headers=((b"retry-after", b"1"),))
