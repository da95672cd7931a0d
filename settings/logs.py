"""Section `logs`: log groups."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contracts.prices import told as usd
from settings.section import Section, told

#: CloudWatch Logs accepts these retention times only (API reference, PutRetentionPolicy).
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]  # fmt: skip


class Logs(Section):
    """Log groups."""

    retention_days: RetentionDays = Field(
        default=365,
        json_schema_extra=told(
            cost=f"{usd('cloudwatch', 'logs storage')} a GB and month",
            risk="what happened before cannot be looked up",
        ),
    )
    """Days that logs are kept."""
