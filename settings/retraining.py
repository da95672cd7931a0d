"""Section `retraining`: training without a person, within brakes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from settings.section import Shared, told


class Retraining(Shared):
    """Automatic retraining, within brakes. Rollback is bounded by the release record itself."""

    cool_down_hours: int = Field(
        default=6,
        ge=0,
        le=720,
        json_schema_extra=told(risk="0 lets one alarm after another start a run"),
    )
    """Hours after an automatic training run in which no other starts."""
    max_runs_per_day: int = Field(
        default=2,
        ge=0,
        le=24,
        json_schema_extra=told(
            cost="each run is some minutes of `training.instance_type` and of three ml.m5.xlarge jobs"
        ),
    )
    """Most automatic training runs in 24 hours; 0 switches them off."""
    monthly_budget_usd: float | None = Field(
        default=None,
        gt=0,
        le=1_000_000,
        json_schema_extra=told(risk="without one, max_runs_per_day alone bounds what a month of runs costs"),
    )
    """USD a calendar month, at list prices of the time that jobs ran, that automatic runs and the next one stay within;
    the next one is taken for the dearest of the last three that succeeded."""
    label_shift: float | None = Field(
        default=None,
        gt=0,
        le=1,
        examples=[0.05],
        json_schema_extra=told(risk="without one, labels that move while features stay are learned with the schedule"),
    )
    """How far the label rate, the share of a class, or of a regression the share of labels up to any value, may be in
    new rows from what the newest model learned from, beyond chance (3 standard errors); a delivery from which on it is
    farther asks for a training, and an alarm tells people."""
    schedule: Literal["never", "daily", "weekly"] = Field(
        default="weekly", json_schema_extra=told(risk="`never` leaves drift as the only reason to learn")
    )
    """How often retraining is asked for without an alarm: at 03:00 UTC, weekly on Mondays."""
