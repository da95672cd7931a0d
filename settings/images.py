"""Section `images`: the container registry."""

from __future__ import annotations

from pydantic import Field

from contracts.prices import told as usd
from settings.section import Section, told


class Images(Section):
    """The container registry."""

    keep_images: int = Field(
        default=30,
        ge=2,
        le=1000,
        json_schema_extra=told(
            cost=f"{usd('ecr', 'storage')} a GB and month",
            risk="a release whose image is gone cannot be rolled back to",
        ),
    )
    """How many images a repository keeps; the oldest go first."""
