"""`{kind: serverless}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from pydantic import Field

from contracts.kinds import SERVERLESS
from contracts.prices import price
from settings.endpoints.common import AnyKind, RequestAlarms
from settings.faults import Fault
from settings.section import told

_KEPT_WARM: Final = "SageMaker developer guide, serverless endpoints, read 2026-11-29"
_WARM = price("sagemaker", "serverless provisioned concurrency")


class Serverless(AnyKind):
    """A serverless endpoint: memory and concurrency in place of instances, nothing paid between requests.

    SageMaker puts it into no network of yours, does not isolate it, gives it one variant and moves all traffic at once:
    no alarm turns a release back while it takes over; the rollback function does once it is live (docs/serving.md).
    """

    kind: Literal["serverless"]
    """The kind of endpoint."""
    alarms: RequestAlarms = RequestAlarms()
    """When its alarms go off."""
    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = Field(
        default=2048,
        json_schema_extra=told(
            cost=f"a GB for each second of requests, {price('sagemaker', 'serverless inference compute').told(1000)} a "
            "thousand",
            source=SERVERLESS.limits.page,
        ),
    )
    """Memory of one concurrent execution in MB; processors come with it."""
    max_concurrency: int = Field(
        default=20,
        ge=1,
        le=200,
        json_schema_extra=told(
            risk="the account's limit is shared by all its serverless endpoints", source=SERVERLESS.limits.page
        ),
    )
    """Requests served at the same time; more are throttled."""
    provisioned_concurrency: int | None = Field(
        default=None,
        ge=1,
        le=200,
        json_schema_extra=told(
            cost=f"each of 2 GB {_WARM.told(2 * 730 * 3600)} a month, beside its requests", source=_KEPT_WARM
        ),
    )
    """Executions kept warm; without, the first request after a pause waits for a container to start."""
    capture_percent: int = Field(
        default=100,
        ge=0,
        le=100,
        json_schema_extra=told(
            cost="an object in S3 for each request, and the time to write it before the answer",
            risk="0 blinds every monitor: drift goes unseen",
        ),
    )
    """Share of requests captured for monitoring, in percent: by the service itself, for SageMaker captures none."""

    @property
    def limits(self) -> Mapping[str, tuple[str, int]]:
        """Of a request, and of what serves it."""
        return {"model_mb": ("memory_mb", self.memory_mb), "rps": ("max_concurrency", self.max_concurrency)}

    def faults(self) -> Iterator[Fault]:
        """More kept warm than may run."""
        if (kept := self.provisioned_concurrency or 0) > self.max_concurrency:
            allowed = f"at most max_concurrency ({self.max_concurrency})"
            yield Fault(
                "provisioned_concurrency", kept, allowed, "keep fewer warm or raise max_concurrency", _KEPT_WARM
            )
