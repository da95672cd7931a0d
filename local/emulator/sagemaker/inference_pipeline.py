"""The containers of one model in a row: a request goes through all of them, and the last one's answer is the model's.

The body and the media type that a container answers with are the next one's request; an error of one of them is the
answer (SageMaker developer guide, "Inference pipelines in Amazon SageMaker AI").
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

from local.emulator.context import Context
from local.emulator.sagemaker.model_servers import INVOKE_SECONDS, Answer, Container, ModelServer, StartError


class PipelineServer(ModelServer):
    """The last container, behind the ones before it. A request has no address but the endpoint's own."""

    def __init__(
        self, context: Context, region: str, directory: Path, variant: str, containers: list[Container]
    ) -> None:
        super().__init__(context, region, directory, variant)
        self._containers = containers
        self._before = [
            ModelServer(context, region, directory.with_name(f"{directory.name}-container-{number}"), variant)
            for number, _ in enumerate(containers[:-1], 1)
        ]

    @property
    def parts(self) -> list[ModelServer]:
        """Every container, in the order of a request."""
        return [*self._before, self]

    @property
    def alive(self) -> bool:
        """Whether all of them run."""
        return all(server.alive for server in self._before) and super().alive

    @property
    def address(self) -> str | None:
        """None: who asked a container would get a part of the answer."""
        return None

    def start_all(self) -> None:
        """Start every container. Raises StartError."""
        try:
            for server, container in zip(self._before, self._containers[:-1], strict=True):
                server.start(container)
            self.start(self._containers[-1])
        except StartError:
            self.kill()
            raise

    def invoke(
        self, body: bytes, headers: dict[str, str], *, seconds: float = INVOKE_SECONDS, path: str = "/invocations"
    ) -> Answer:
        """Send one request through all of them, which has `seconds` to be answered. Raises what one container does."""
        took = 0.0
        for server in self._before:
            answer = server.invoke(body, headers, seconds=seconds - took, path=path)
            took += answer.seconds
            if answer.status != HTTPStatus.OK:
                return replace(answer, seconds=took)
            headers = {**headers, "content-type": answer.header("Content-Type") or "application/octet-stream"}
            body = answer.body
        answer = super().invoke(body, headers, seconds=seconds - took, path=path)
        return replace(answer, seconds=answer.seconds + took)

    def stop(self) -> None:
        """End the processes, the last container first."""
        super().stop()
        for server in self._before:
            server.stop()

    def kill(self) -> None:
        """End all of them at once."""
        super().kill()
        for server in self._before:
            server.kill()
