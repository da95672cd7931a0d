"""The AWS services that the platform declares resources of, and what the provider calls for them."""

from __future__ import annotations

from typing import Final

from components import data, ground, models, operations, serving
from components.delivery import stages, trust
from components.service import collected

SERVICES: Final = collected(
    (
        *ground.SERVICES,
        *data.SERVICES,
        *models.SERVICES,
        *operations.SERVICES,
        *serving.SERVICES,
        *trust.SERVICES,
        *stages.SERVICES,
    )
)
