"""Section `features`: the feature store."""

from __future__ import annotations

from pydantic import Field

from contracts.prices import told as usd
from settings.section import Section, told


class Features(Section):
    """The feature store."""

    online_ttl_days: int = Field(
        default=365,
        ge=1,
        le=3650,
        json_schema_extra=told(
            cost=f"{usd('sagemaker', 'feature store online storage')} a GB and month in the online store",
            risk="a record that is gone is a missing value to the model",
        ),
    )
    """Days after its event time that a record stays in the online store."""
