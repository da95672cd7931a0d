"""Section `retraining`: training without a person, within brakes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from settings.section import Section


class Retraining(Section):
    """Automatic retraining, within brakes. Rollback is bounded by the release record itself."""

    cool_down_hours: int = Field(default=6, ge=0, le=720)
    """Hours after an automatic training run in which no other starts."""
    max_runs_per_day: int = Field(default=2, ge=0, le=24)
    """Most automatic training runs in 24 hours; 0 switches them off."""
    schedule: Literal["never", "daily", "weekly"] = "weekly"
    """How often retraining is asked for without an alarm: at 03:00 UTC, weekly on Mondays."""
