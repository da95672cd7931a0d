"""Section `training` of a workload: what its training jobs run on."""

from __future__ import annotations

from pydantic import Field

from contracts.prices import told as usd
from settings.section import Section, TrainingInstance, told


class Training(Section):
    """The instances of a training job; how many of them, of each trial of a search too."""

    instance_type: TrainingInstance = Field(
        default="ml.m5.2xlarge",
        json_schema_extra=told(
            cost=f"{usd('sagemaker', 'instance ml.m5.2xlarge')} an hour and host by default",
            risk="a job on a type with a GPU fails unless its image is built for one (`make images CUDA=1`)",
        ),
    )
    """Instance type of a training job, unless a run asks for another; one whose volumes take a key."""
    hosts: int = Field(
        default=1,
        ge=1,
        le=100,
        json_schema_extra=told(
            cost=f"{usd('sagemaker', 'instance ml.m5.2xlarge')} an hour and host by default",
            risk="a job fails where one of its hosts is lost, and goes on from its last checkpoint when it is retried",
        ),
    )
    """Instances that train one model together, each on its share of the rows. Every host holds all of the data."""
