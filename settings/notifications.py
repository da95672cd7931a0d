"""Section `notifications`: who is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from settings.faults import Fault, repeated
from settings.section import Section, told

Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", examples=["on-call@example.com"])]


class Notifications(Section):
    """Who is told of every alarm and event of the stack."""

    notify: tuple[Email, ...] = Field(
        default=(),
        json_schema_extra=told(risk="with none, nobody is told"),
    )
    """E-mail addresses that get every alarm; each has to confirm once."""

    def faults(self) -> Iterator[Fault]:
        """Addresses named twice."""
        yield from repeated("notify", self.notify)
