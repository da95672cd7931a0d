"""Section `features`: the feature store."""

from __future__ import annotations

from pydantic import Field

from settings.section import Section


class Features(Section):
    """The feature store."""

    online_ttl_days: int = Field(default=365, ge=1, le=3650)
    """Days after its event time that a record stays in the online store."""
