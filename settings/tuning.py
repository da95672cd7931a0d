"""Section `tuning` of a workload: a search of hyper-parameters, started by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from contracts.prices import told as usd
from settings.faults import Fault
from settings.section import Section, TrainingInstance, told


class Tuning(Section):
    """A search of hyper-parameters around those of the contract (`automation retrain --tune`)."""

    budget_usd: float = Field(
        default=5.0,
        gt=0,
        le=100_000,
        json_schema_extra=told(
            cost="at most this for the trials of a search, beside the runs of its other jobs, and less where spot "
            "capacity is cheaper",
            risk="too low, and the search ends before `max_jobs` trials",
        ),
    )
    """USD at list prices that the trials of one search may take: when they would, the search ends with its best."""
    max_jobs: int = Field(
        default=12,
        ge=1,
        le=750,
        json_schema_extra=told(cost="each trial is a training job", risk="too few find nothing better"),
    )
    """Most trials of one search."""
    max_parallel_jobs: int = Field(
        default=3,
        ge=1,
        le=100,
        json_schema_extra=told(risk="a Bayesian search learns nothing from trials that run at the same time"),
    )
    """Most trials at one time."""
    instance_type: TrainingInstance = Field(
        default="ml.m5.2xlarge",
        json_schema_extra=told(cost=f"{usd('sagemaker', 'instance ml.m5.2xlarge')} an hour and trial by default"),
    )
    """Instance type of the trials."""
    strategy: Literal["Bayesian", "Random"] = "Bayesian"
    """How the next trial is chosen."""

    def faults(self) -> Iterator[Fault]:
        """More trials at one time than there are."""
        if self.max_parallel_jobs > self.max_jobs:
            yield Fault(
                "max_parallel_jobs",
                self.max_parallel_jobs,
                f"at most max_jobs, {self.max_jobs}",
                "lower it or raise that",
            )
