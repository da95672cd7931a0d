"""Section `images`: the container registry."""

from __future__ import annotations

from pydantic import Field

from settings.section import Section


class Images(Section):
    """The container registry."""

    keep_images: int = Field(default=30, ge=2, le=1000)
    """How many images a repository keeps; the oldest go first."""
