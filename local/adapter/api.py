"""Clients of the emulated API, made on first use."""

from __future__ import annotations

import threading
from typing import Any, Final, NamedTuple

from botocore import xform_name
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from local.adapter.errors import ApiRefused
from shapes.models import LOCK, session


class Credentials(NamedTuple):
    """Who calls; the emulator asks for some, and checks none."""

    access_key: str = "local"
    secret_key: str = "local"  # noqa: S105 - see above
    token: str | None = None


EMULATED: Final = Credentials()


class Api:
    """The emulated AWS API, or with credentials that of an account. Clients are cached for each service and region and
    may be used from several threads.
    """

    def __init__(self, endpoint_url: str | None, credentials: Credentials = EMULATED):
        self._endpoint_url, self._credentials = endpoint_url, credentials
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._lock = threading.Lock()
        # Botocore's own checks stay on as a second opinion. A refusal of the emulator is final, so nothing is tried
        # twice.
        self._config = Config(
            retries={"total_max_attempts": 1},
            parameter_validation=True,
            inject_host_prefix=False,
            s3={"addressing_style": "path"},
            max_pool_connections=8,
            connect_timeout=60,
            read_timeout=600,
        )

    def call(
        self, subject: str, region: str, service: str, operation: str, parameters: dict[str, Any]
    ) -> dict[str, Any]:
        """Make one call. Raises ApiRefused; `subject` names the resource in its text."""
        method = getattr(self._client(service, region), xform_name(operation))
        try:
            return method(**parameters)
        except ClientError as error:
            detail = error.response.get("Error", {})
            code, message = str(detail.get("Code", "")), str(detail.get("Message", ""))
            if message.lstrip().startswith("<"):  # a page for people: the server broke before it came to an answer
                message = "the emulator lacks the operation or broke in it; its log says which"
            raise ApiRefused(subject, service, operation, code, message) from error
        except ParamValidationError as error:
            raise ApiRefused(subject, service, operation, "ParamValidation", str(error)) from error

    def _client(self, service: str, region: str) -> BaseClient:
        with self._lock:
            client = self._clients.get((service, region))
            if client is None:
                with LOCK:
                    client = session().create_client(
                        service,
                        region_name=region,
                        endpoint_url=self._endpoint_url,
                        config=self._config,
                        aws_access_key_id=self._credentials.access_key,
                        aws_secret_access_key=self._credentials.secret_key,
                        aws_session_token=self._credentials.token,
                    )
                self._clients[service, region] = client
            return client
