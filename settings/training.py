"""Section `training` of a workload: what its training jobs run on."""

from __future__ import annotations

from pydantic import Field

from contracts.prices import told as usd
from settings.section import Section, told


class Training(Section):
    """The instances of a training job, and of each trial of a search."""

    hosts: int = Field(
        default=1,
        ge=1,
        le=100,
        json_schema_extra=told(
            cost=f"{usd('sagemaker', 'instance ml.m5.2xlarge')} an hour and host, unless a run asks for another type",
            risk="a job fails where one of its hosts is lost, and goes on from its last checkpoint when it is retried",
        ),
    )
    """Instances that train one model together, each on its share of the rows. Every host holds all of the data."""
