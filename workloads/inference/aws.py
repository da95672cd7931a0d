"""AWS's HTTP APIs as the service needs them: kept connections, requests signed here, the role's credentials.

An AWS SDK would be larger than the rest of the image and take longer to import than the service to start. Signing is
Signature Version 4 (AWS docs, "Create a signed AWS API request"). Everything here blocks: it is called from threads of
its own, never from the event loop.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

CONTAINER_CREDENTIALS = "http://169.254.170.2"  # where ECS and SageMaker give a task its role (ECS developer guide)
#: What a request may end with that is no answer.
UNANSWERED = (OSError, http.client.HTTPException)
_REFRESH_BEFORE_S = 300
_ASK_AGAIN_S = 30  # after new credentials could not be had, while the former ones are good
_log = logging.getLogger(__name__)


class CredentialsError(OSError):
    """The process has no credentials, or they cannot be read."""


@dataclass(frozen=True)
class Credentials:
    """Temporary or lasting keys; `expires` by `time.time`, infinity for lasting ones."""

    access_key: str
    secret_key: str
    token: str
    expires: float = float("inf")


class Client:
    """One AWS service at one host. Safe to use from several threads, each with a connection of its own.

    `timeout_s` bounds connecting and each read.
    """

    def __init__(
        self, service: str, endpoint: str, *, region: str, timeout_s: float, environment: Mapping[str, str] = os.environ
    ) -> None:
        parts = urlsplit(endpoint)
        self.service, self.region, self.timeout_s = service, region, timeout_s
        self._secure, self._host = parts.scheme == "https", parts.netloc
        self._environment = environment
        self._local = threading.local()
        self._lock = threading.Lock()
        self._credentials: Credentials | None = None
        self._not_before = 0.0  # until when nobody asks for new ones, by `time.time`

    def call(
        self, method: str, path: str, query: str = "", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body of one answer, over the thread's connection; once more on a new one if that had been closed.

        `path` and `query` are encoded. Raises one of UNANSWERED: CredentialsError, TimeoutError or what broke.
        """
        signed = self._signed(method, path, query, body, headers or {})
        target = f"{path}?{query}" if query else path
        for attempt in (1, 2):
            kept: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
            connection = kept or self._connect()
            try:
                connection.request(method, target, body or None, signed)
                response = connection.getresponse()
                answer = response.status, response.read()
            except TimeoutError:
                self._drop(connection)
                raise
            except UNANSWERED:
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

    def _signed(self, method: str, path: str, query: str, body: bytes, more: Mapping[str, str]) -> dict[str, str]:
        credentials = self._current()
        now, payload = datetime.now(UTC), hashlib.sha256(body).hexdigest()
        headers = {**more, "host": self._host, "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ")}
        if credentials.token:
            headers["x-amz-security-token"] = credentials.token
        if self.service == "s3":
            headers["x-amz-content-sha256"] = payload
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        # a path is encoded once more for the signature, by the rule for every service but S3
        canonical_path = path if self.service == "s3" else quote(path)
        canonical = "\n".join((method, canonical_path, query, lines, names, payload))
        scope = f"{now:%Y%m%d}/{self.region}/{self.service}/aws4_request"
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
        """The credentials, renewed before their end; the former ones to their very end if new ones cannot be had."""
        with self._lock:
            kept, now = self._credentials, time.time()
            if kept is not None and now < max(kept.expires - _REFRESH_BEFORE_S, min(self._not_before, kept.expires)):
                return kept
            try:
                self._credentials = self._fetch()
            except CredentialsError as error:
                if kept is None or now >= kept.expires:
                    raise
                self._not_before = now + _ASK_AGAIN_S
                _log.warning("credentials are not renewed", extra={"reason": str(error), "seconds": kept.expires - now})
                return kept
            return self._credentials

    def _fetch(self) -> Credentials:
        """From the environment, or from the container's own credential address."""
        get = self._environment.get
        if get("AWS_ACCESS_KEY_ID") and get("AWS_SECRET_ACCESS_KEY"):
            return Credentials(
                get("AWS_ACCESS_KEY_ID", ""), get("AWS_SECRET_ACCESS_KEY", ""), get("AWS_SESSION_TOKEN", "")
            )
        relative, full = get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        if not relative and not full:
            raise CredentialsError("no AWS credentials are in the environment")
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
        except (*UNANSWERED, ValueError, KeyError, TypeError) as error:
            raise CredentialsError(f"the container's credentials cannot be read ({error})") from None
        finally:
            connection.close()
