"""Section `cost`: what a month of the stack may cost."""

from __future__ import annotations

from pydantic import Field

from settings.section import Section, told


class Cost(Section):
    """What the stack may cost, by the estimate of `python -m automation cost`."""

    monthly_limit_usd: float | None = Field(
        default=None,
        gt=0,
        examples=[290],
        json_schema_extra=told(risk="with none, the estimate is only shown"),
    )
    """USD of a month above which `python -m automation up` and `cost` refuse the stack, with code 6: list prices, at
    the assumed traffic. A bare `pulumi up` does not look at it."""
