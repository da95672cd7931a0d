"""A serverless variant: its container starts with the first request; more requests at once than allowed are throttled.

Provisioned concurrency has the container ready before (SageMaker developer guide, "Deploy models with Amazon SageMaker
Serverless Inference"). It is not stopped between requests, and one that died is not replaced.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from local.emulator.context import Context
from local.emulator.sagemaker.model_servers import (
    INVOKE_SECONDS,
    Answer,
    Container,
    ModelServer,
    ServerGoneError,
    StartError,
)


class ThrottledError(RuntimeError):
    """More requests at once than MaxConcurrency."""


class ServerlessServer(ModelServer):
    """One server process of a variant with a ServerlessConfig."""

    def __init__(
        self, context: Context, region: str, directory: Path, variant: str, container: Container, config: dict[str, Any]
    ) -> None:
        super().__init__(context, region, directory, variant)
        self._container = container
        self._most = config["MaxConcurrency"]
        self._places = threading.Semaphore(self._most)
        self._starting = threading.Lock()
        if config.get("ProvisionedConcurrency"):
            self.start(container)

    def invoke(
        self, body: bytes, headers: dict[str, str], *, seconds: float = INVOKE_SECONDS, path: str = "/invocations"
    ) -> Answer:
        """Send one request, after the start of the process if it is the first; the start is not among the `seconds`.

        Raises:
            ThrottledError: as many requests as allowed are under way.
            ServerGoneError, ServerSlowError: as of any server.
        """
        if not self._places.acquire(blocking=False):
            raise ThrottledError(f"Rate exceeded: {self._most} requests are under way.")
        try:
            with self._starting:
                if self.pid is None:
                    self.start(self._container)
            return super().invoke(body, headers, seconds=seconds, path=path)
        except StartError as error:
            raise ServerGoneError(str(error)) from error
        finally:
            self._places.release()
