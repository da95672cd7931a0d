"""What is assumed of a stack's use, where the program cannot know it. Each default is a modest production workload."""

from __future__ import annotations

import math
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from contracts.prices import HOURS_A_MONTH

KB_OF_GB: Final = 1_000_000
HOURS_A_WEEK: Final = 168
DAYS_A_MONTH: Final = 365 / 12
#: Hours of the week, from Monday 00:00, in the time zone of the stack's schedules.
BUSINESS_HOURS: Final = frozenset(24 * day + hour for day in range(5) for hour in range(9, 19))


class Traffic(BaseModel):
    """Assumed use of a month."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    requests: float = Field(default=1_000_000, ge=0)
    """Requests to each endpoint."""
    endpoint_hours: float = Field(default=HOURS_A_MONTH, ge=0, le=HOURS_A_MONTH)
    """Hours that the endpoints run, business hours first; 0 is a stopped endpoint."""
    business_share: float = Field(default=0.8, ge=0, le=1)
    """Share of the requests that comes from Monday to Friday between 09:00 and 19:00."""
    request_kb: float = Field(default=1, ge=0)
    """Size of a request."""
    response_kb: float = Field(default=0.5, ge=0)
    """Size of an answer."""
    serverless_ms: float = Field(default=50, ge=0)
    """Billed time of a request to a serverless endpoint: the model's, and that of writing what was captured."""
    delivered_rows: float = Field(default=1_000_000, ge=0)
    """Rows delivered to each workload, and written to its online feature store."""
    row_kb: float = Field(default=0.2, ge=0)
    """Size of a delivered row."""
    online_rows: float = Field(default=1_000_000, ge=0)
    """Records in each online feature store."""
    job_minutes: float = Field(default=5, ge=0)
    """Billed time of each job: its start, its image, its work."""
    unplanned_trainings: float = Field(default=1, ge=0)
    """Training runs of each workload beside the scheduled ones: after drift, and by hand."""
    deliveries: float = Field(default=20, ge=0)
    """Runs of each pipeline that delivers, where the stack has pipelines of CodePipeline."""
    build_minutes: float = Field(default=10, ge=0)
    """Billed time of each of their builds."""
    months: float = Field(default=12, ge=1)
    """Age of the stack: what is kept has piled up for as long, or until it expires."""

    @property
    def running(self) -> float:
        """Share of the month in which the endpoints run."""
        return self.endpoint_hours / HOURS_A_MONTH

    @property
    def served(self) -> float:
        """Requests that each endpoint answers: none while it is stopped."""
        return self.requests if self.endpoint_hours else 0

    def rate(self, hour: int) -> float:
        """Requests a minute to an endpoint in an hour of the week (0 is Monday from 00:00)."""
        if hour in BUSINESS_HOURS:
            share = self.business_share / len(BUSINESS_HOURS)
        else:
            share = (1 - self.business_share) / (HOURS_A_WEEK - len(BUSINESS_HOURS))
        return self.served * share * HOURS_A_WEEK / HOURS_A_MONTH / 60

    def running_hours(self) -> list[int]:
        """The hours of the week in which the endpoints run: those of business first, then the next ones around noon."""
        by_use = sorted(range(HOURS_A_WEEK), key=lambda hour: (hour not in BUSINESS_HOURS, abs(hour % 24 - 13.5)))
        return by_use[: math.ceil(HOURS_A_WEEK * self.running)]
