"""Columns of an entity from SageMaker Feature Store's online store, for requests that carry the entity only (F2).

One GetRecord a row over kept connections, signed here (AWS docs, "Create a signed AWS API request", Signature Version
4): an AWS SDK would be larger than the rest of the image and take longer to import than the service to start. Blocking;
called from threads of its own, never from the event loop.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from contracts import partitions
from workloads.inference.checks import Check
from workloads.inference.errors import Fault, Refused, invalid, show
from workloads.inference.settings import Settings

CONTAINER_CREDENTIALS = "http://169.254.170.2"  # where ECS and SageMaker give a task its role (ECS developer guide)
MAX_LOOKUPS = 100
AT_ONCE = 8
_REFRESH_BEFORE_S = 300
_EMPTY_HASH = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Credentials:
    """Temporary or lasting keys; `expires` by `time.time`, infinity for lasting ones."""

    access_key: str
    secret_key: str
    token: str
    expires: float = float("inf")


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
        self.group, self.region, self.timeout_s = group, region, timeout_ms / 1000
        parts = urlsplit(
            endpoint or f"https://featurestore-runtime.sagemaker.{region}.{partitions.of(region).dns_suffix}"
        )
        self._secure, self._host = parts.scheme == "https", parts.netloc
        self._environment = environment
        self._local = threading.local()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="store")
        self._credentials: Credentials | None = None

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
                values[check.name] = check.from_text(text if text is not None else "")
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
            status, body = self._get(path, query)
        except (OSError, http.client.HTTPException) as error:
            reason = "did not answer in time" if isinstance(error, TimeoutError) else f"cannot be reached ({error})"
            raise _unavailable(f"the online store {reason}") from None
        if status == 404:
            raise _unavailable(f"the online store has no feature group {self.group!r}")
        if status != 200:
            raise _unavailable(f"the online store answered {status}: {body[:200].decode(errors='replace')}")
        items = json.loads(body).get("Record")
        return {item["FeatureName"]: item["ValueAsString"] for item in items} if items else None

    def _get(self, path: str, query: str) -> tuple[int, bytes]:
        """One request on the thread's connection; once more on a new one if that had been closed meanwhile."""
        headers = self._signed(path, query)
        for attempt in (1, 2):
            kept: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
            connection = kept or self._connect()
            try:
                connection.request("GET", f"{path}?{query}", headers=headers)
                response = connection.getresponse()
                answer = response.status, response.read()
            except TimeoutError:
                self._drop(connection)
                raise
            except (OSError, http.client.HTTPException):
                self._drop(connection)
                if kept is None or attempt == 2:
                    raise
            else:
                return answer
        raise AssertionError  # the second attempt returns or raises

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        self._local.connection = kind(self._host, timeout=self.timeout_s)
        return self._local.connection

    def _drop(self, connection: http.client.HTTPConnection) -> None:
        connection.close()
        self._local.connection = None

    # ---- signing ----

    def _signed(self, path: str, query: str) -> dict[str, str]:
        credentials = self._current()
        now = datetime.now(UTC)
        headers = {"host": self._host, "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ")}
        if credentials.token:
            headers["x-amz-security-token"] = credentials.token
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        # a path is encoded once more for the signature, by the rule for every service but S3
        canonical = "\n".join(("GET", quote(path), query, lines, names, _EMPTY_HASH))
        scope = f"{now:%Y%m%d}/{self.region}/sagemaker/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join(("AWS4-HMAC-SHA256", headers["x-amz-date"], scope, digest))
        key = f"AWS4{credentials.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        credential = f"{credentials.access_key}/{scope}"
        authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
        return {**headers, "authorization": authorization}

    def _current(self) -> Credentials:
        with self._lock:
            if self._credentials is None or time.time() > self._credentials.expires - _REFRESH_BEFORE_S:
                self._credentials = self._fetch()
            return self._credentials

    def _fetch(self) -> Credentials:
        """From the environment, or from the container's own credential address. Raises Refused 503."""
        get = self._environment.get
        if get("AWS_ACCESS_KEY_ID") and get("AWS_SECRET_ACCESS_KEY"):
            return Credentials(
                get("AWS_ACCESS_KEY_ID", ""), get("AWS_SECRET_ACCESS_KEY", ""), get("AWS_SESSION_TOKEN", "")
            )
        relative, full = get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        if not relative and not full:
            raise _unavailable("no credentials for the online store are in the environment")
        parts = urlsplit(full or CONTAINER_CREDENTIALS + str(relative))
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        token = get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        connection = kind(parts.netloc, timeout=max(self.timeout_s, 1))
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers={"authorization": token} if token else {})
            found = json.loads(connection.getresponse().read())
            expires = datetime.fromisoformat(found["Expiration"]).timestamp()
            return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["Token"], expires)
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            raise _unavailable(f"the container's credentials cannot be read ({error})") from None
        finally:
            connection.close()


def _unavailable(why: str) -> Refused:
    return Refused(503, "online_store", f"{why}; send the columns, or try again", headers=((b"retry-after", b"1"),))
