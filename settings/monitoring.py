"""Section `monitoring`: what watches the models of a workload."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contracts.prices import told as usd
from settings.section import ProcessingInstance, Shared, told


class Monitoring(Shared):
    """The monitors of live traffic, and when they raise the alarm."""

    engine: Literal["platform", "sagemaker"] = Field(
        default="platform",
        json_schema_extra=told(risk="`sagemaker` fails at `up` in an account that had no schedule before"),
    )
    """Whose monitors run: the platform's, or beside them the data-quality schedule of SageMaker Model Monitor, which
    AWS closed to new customers on 30 July 2026 (SageMaker developer guide, "Model Monitor availability change")."""
    drift_score: float | None = Field(
        default=None,
        gt=0,
        le=10,
        json_schema_extra=told(risk="too high, and drift goes unseen; too low, and every week retrains"),
    )
    """DriftScore above which the alarm goes off and retraining is asked for; by default the contract's max_score."""
    quality_instance_type: ProcessingInstance = Field(
        default="ml.m5.large",
        json_schema_extra=told(
            cost=f"an hourly job of some minutes: ml.m5.large {usd('sagemaker', 'instance ml.m5.large')} an hour of use"
        ),
    )
    """Instance type of the hourly monitoring jobs, data quality and drift."""
    quality_max_runtime_minutes: int = Field(default=50, ge=5, le=59)
    """Minutes after which an hourly monitoring job is stopped: before the next one starts."""
    drift_window_minutes: int = Field(default=75, ge=60, le=1440)
    """Minutes of captured traffic that each hourly drift job looks at: an hour, and what capture delivers late. More
    where an hour has fewer rows than the contract's drift.min_rows: then there is no DriftScore."""
