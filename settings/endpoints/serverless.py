"""`{kind: serverless}`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from settings.endpoints.common import AnyKind
from settings.faults import Fault
from settings.section import told


class Serverless(AnyKind):
    """A serverless endpoint: memory and concurrency in place of instances, nothing paid between requests.

    SageMaker puts it into no network of yours, does not isolate it, gives it one variant and moves all traffic at once.
    """

    kind: Literal["serverless"]
    """The kind of endpoint."""
    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = Field(
        default=2048, json_schema_extra=told(cost="for each second of a request, by memory")
    )
    """Memory of one concurrent execution in MB; processors come with it."""
    max_concurrency: int = Field(
        default=20, ge=1, le=200, json_schema_extra=told(cost="the bound of what the load may cost")
    )
    """Requests served at the same time; more are refused with 429."""
    provisioned_concurrency: int | None = Field(
        default=None, ge=1, le=200, json_schema_extra=told(cost="for each second that the endpoint is there, by memory")
    )
    """Executions kept warm; without, the first request after a pause waits for a container to start."""

    def faults(self) -> Iterator[Fault]:
        """More kept warm than may run."""
        if (kept := self.provisioned_concurrency or 0) > self.max_concurrency:
            allowed = f"at most max_concurrency ({self.max_concurrency})"
            yield Fault("provisioned_concurrency", kept, allowed, "keep fewer warm or raise max_concurrency")
