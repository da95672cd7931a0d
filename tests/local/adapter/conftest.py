"""A moto server on a real port, shared by all tests of the adapter and emptied before each of them."""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto.core.responses import ActionResult
from moto.sagemaker.responses import SageMakerResponse
from moto.server import ThreadedMotoServer

from local.adapter import Adapter
from local.adapter.api import Api

ACCOUNT, REGION = "123456789012", "eu-west-1"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of the emulated AWS."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(scope="session")
def shared_adapter(server: str) -> Adapter:
    """One adapter for the session: its clients take longer to build than a test takes to run."""
    return Adapter(server, ACCOUNT, REGION)


@pytest.fixture
def adapter(server: str, shared_adapter: Adapter) -> Adapter:
    """An adapter over an empty AWS."""
    request = urllib.request.Request(f"{server}/moto-api/reset", method="POST")  # noqa: S310 - our own server
    urllib.request.urlopen(request).close()  # noqa: S310
    return shared_adapter


@pytest.fixture(scope="session")
def offline() -> Adapter:
    """An adapter whose API nobody serves: whatever it does is done without a call."""
    return Adapter("http://127.0.0.1:9", ACCOUNT, REGION)


_CLIENTS: dict[str, Any] = {}


@pytest.fixture
def aws(server: str) -> Callable[[str], Any]:
    """A boto3 client by service name, to see what is really there."""

    def client(service: str) -> Any:
        if service not in _CLIENTS:
            _CLIENTS[service] = boto3.client(
                service,
                region_name=REGION,
                endpoint_url=server,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return _CLIENTS[service]

    return client


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations that the adapter calls while a test runs."""
    made: list[str] = []
    call = Api.call

    def recorded(self: Api, subject: str, region: str, service: str, operation: str, parameters: dict[str, Any]) -> Any:
        made.append(operation)
        return call(self, subject, region, service, operation, parameters)

    monkeypatch.setattr(Api, "call", recorded)
    return made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """Stand in for operations: each answers `answer` and its parameters are kept in the list."""

    def stand_in(*operations: str, answer: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        for operation in operations:

            def respond(self: SageMakerResponse) -> ActionResult:
                seen.append({key: value for key, value in self._get_params().items() if value is not None})
                return ActionResult(answer or {})

            monkeypatch.setattr(SageMakerResponse, operation, respond, raising=False)
        return seen

    return stand_in


@pytest.fixture
def sagemaker(aws: Callable[[str], Any]) -> Any:
    return aws("sagemaker")
