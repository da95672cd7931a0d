"""A variant of a multi-model endpoint: one server process that loads a model when it is first asked for.

SageMaker developer guide, "Multi-model endpoints" and "Contract for Custom Containers": SageMaker fetches the archive
that a request names below the container's prefix, unpacks it, has the container load it (POST /models), and unloads
(DELETE /models/NAME) what was not used for longest when the container answers 507.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import threading
import time
from collections import OrderedDict
from http import HTTPStatus
from pathlib import Path

from local.emulator.context import Context
from local.emulator.sagemaker.model_servers import (
    INVOKE_SECONDS,
    Answer,
    Container,
    ModelServer,
    ServerGoneError,
    StartError,
    fetch,
)

#: The header by which a container, too, is told what the request named.
TARGET = "x-amzn-sagemaker-target-model"
_MODELS = "/models"


class NoModelError(LookupError):
    """A request names an archive that is not there, or cannot be unpacked."""


class MultiModelServer(ModelServer):
    """One server process of a variant with a container of mode MultiModel."""

    def __init__(self, context: Context, region: str, directory: Path, variant: str) -> None:
        super().__init__(context, region, directory, variant)
        self._prefix = ""
        self._loaded: OrderedDict[str, None] = OrderedDict()  # names that the container knows, the last used last
        self._loading = threading.Lock()

    def start(self, container: Container) -> None:
        """Start the process without a model."""
        self._prefix = container.model_data or ""
        # What is captured is there with the answer, for whoever looks at it next. An instance's memory is its own, but
        # here it is the machine's: what others fill of it unloads no model.
        mine = {"MAX_MEMORY_PERCENT": "100", "SAGEMAKER_MULTI_MODEL": "true"}
        environment = {"CAPTURE_SECONDS": "0", **container.environment, **mine}
        super().start(dataclasses.replace(container, model_data=None, environment=environment))

    def invoke(
        self, body: bytes, headers: dict[str, str], *, seconds: float = INVOKE_SECONDS, path: str = "/invocations"
    ) -> Answer:
        """Send one request to the model that its header names, after loading it where it is not.

        Raises:
            NoModelError: there is no such archive.
            ServerGoneError, ServerSlowError: as of any server.
        """
        name = hashlib.sha256(headers[TARGET].encode()).hexdigest()[:32]
        with self._counted():  # a server that is drained waits for what is being loaded, too
            return self._invoked(name, body, headers, seconds)

    def _invoked(self, name: str, body: bytes, headers: dict[str, str], seconds: float) -> Answer:
        with self._loading:
            began, refused = time.perf_counter(), None
            if cached := name in self._loaded:
                self._loaded.move_to_end(name)
            else:
                refused = self._load(name, headers[TARGET])
            waited = 0.0 if cached else time.perf_counter() - began
        answer = refused or super().invoke(body, headers, seconds=seconds, path=f"{_MODELS}/{name}/invoke")
        return dataclasses.replace(answer, waited=waited)

    def _load(self, name: str, target: str) -> Answer | None:
        """Have the container load an archive, and forget others for it; what it answers where it does not."""
        if not self.alive:
            raise ServerGoneError("the process has ended")
        directory = self.directory / "models" / name / "model"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        try:
            fetch(self._context, self._region, f"{self._prefix}{target}", directory)
        except StartError as error:
            raise NoModelError(str(error)) from error
        except FileNotFoundError as error:  # it is stopped meanwhile, and its files go
            raise ServerGoneError(str(error)) from error
        body = json.dumps({"model_name": name, "url": str(directory)}).encode()
        while (answer := self._post(body)).status == HTTPStatus.INSUFFICIENT_STORAGE and self._loaded:
            unused, _ = self._loaded.popitem(last=False)
            self._pool.request("DELETE", f"{self.url}{_MODELS}/{unused}")
            shutil.rmtree(self.directory / "models" / unused, ignore_errors=True)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            return answer
        self._loaded[name] = None
        return None

    def _post(self, body: bytes) -> Answer:
        return super().invoke(body, {"content-type": "application/json"}, path=_MODELS)
