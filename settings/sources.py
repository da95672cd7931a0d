"""Section `workloads.<name>.sources.<name>`: an API elsewhere whose rows are pulled on a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from pydantic import Field

from contracts.prices import told as usd
from settings.faults import Fault
from settings.schedules import EXPRESSION, Timezone, expression_faults
from settings.section import ProcessingInstance, Section, told

#: Names in an answer, with dots between them.
_PATH: Final = r"^[^.\s]+(\.[^.\s]+)*$"
_PARAMETER: Final = r"^[^\s&=#?]+$"


class HttpSource(Section):
    """An HTTP API that gives rows as JSON, in pages, by the time when they were last changed.

    What is pulled goes the way of all that is delivered. The network needs a way out: `network.create.nat`, or a
    network of the account with a security group that leads there.
    """

    url: str = Field(
        pattern=r"^https://[^\s/?#@]+(/[^\s?#]*)?(\?[^\s#]*)?$", examples=["https://crm.example.com/v1/customers"]
    )
    """Address of the API, with what it is always asked, such as the size of a page."""
    header: str | None = Field(default="Authorization", pattern=r"^[A-Za-z][A-Za-z0-9-]*$", examples=["X-Api-Key"])
    """The header that carries the credential; `null` for a source that asks for none. Its value, such as `Bearer ...`,
    is the text of the secret `mlplatform/<stack>/<workload>/sources/<source>`, which people make."""
    rows: str | None = Field(default=None, pattern=_PATH, examples=["data.customers"])
    """Where the rows of a page are; by default the answer is their list."""
    next: str | None = Field(default=None, pattern=_PATH, examples=["paging.next"])
    """Where the way to the next page is; by default there is one page."""
    cursor: str | None = Field(default=None, pattern=_PARAMETER, examples=["page_token"])
    """The parameter whose value that way is; by default it is an address."""
    changed: str = Field(pattern=_PATH, examples=["updated_at"])
    """The field of a row that says when it was changed, ISO 8601."""
    since: str = Field(pattern=_PARAMETER, examples=["updated_since"])
    """The parameter that asks for the rows that were changed from a moment on."""
    first: str = Field(default="1970-01-01T00:00:00Z", examples=["2026-01-01T00:00:00Z"])
    """From when on rows are pulled first, ISO 8601; afterwards each pull goes on where the one before ended."""
    settle_minutes: int = Field(
        default=5,
        ge=0,
        le=1440,
        json_schema_extra=told(risk="rows that the source shows later than this after their change are lost"),
    )
    """Minutes for which a changed row is left to the next pull, as the source may not show all of its kind yet."""
    schedule: str = Field(
        default="cron(0 3 * * ? *)",
        pattern=EXPRESSION,
        examples=["cron(0 3 * * ? *)"],
        json_schema_extra=told(cost="a job for each pull"),
    )
    """When a pull starts: `cron(...)` with six fields, or `rate(...)`."""
    timezone: Timezone | None = None
    """The zone of the clock that `cron(...)` reads; by default the stack's."""
    instance_type: ProcessingInstance = Field(
        default="ml.t3.medium",
        json_schema_extra=told(
            cost=f"some minutes for each pull: ml.t3.medium {usd('sagemaker', 'instance ml.t3.medium')} an hour of use"
        ),
    )
    """Instance type of the jobs."""
    max_runtime_minutes: int = Field(default=60, ge=5, le=1440)
    """Minutes after which a pull is stopped; the next one makes up for it."""

    def faults(self) -> Iterator[Fault]:
        """A schedule that names no day, or days in two ways; a first moment that is none; a cursor and no way."""
        yield from expression_faults("schedule", self.schedule)
        if not _is_moment(self.first):
            yield Fault("first", self.first, "ISO 8601 with a zone, such as 2026-01-01T00:00:00Z", "correct it")
        if self.cursor is not None and self.next is None:
            yield Fault("cursor", self.cursor, "nothing without next", "say with `next` where its value is")


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
