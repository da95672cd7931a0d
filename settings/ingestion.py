"""Section `ingestion`: what judges delivered objects, and makes data sets of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contracts.prices import told as usd
from settings.section import ProcessingInstance, Section, Shared, told


class Glue(Section):
    """A Spark job of AWS Glue that makes the data sets, for data that outgrows one machine."""

    worker_type: Literal["G.1X", "G.2X", "G.4X", "G.8X"] = Field(
        default="G.1X",
        json_schema_extra=told(cost="one DPU for each X, a second at least and a minute in all"),
    )
    """Type of the workers: 4 processors and 16 GB of memory for each X."""
    max_workers: int = Field(
        default=10,
        ge=2,
        le=299,
        json_schema_extra=told(
            cost=f"{usd('glue', 'DPU, standard')} an hour and DPU while they run; Glue takes what there is work for"
        ),
    )
    """Most workers of a run, the driver among them. The policy pack allows 10 unless its configuration says more."""
    flex: bool = Field(
        default=False,
        json_schema_extra=told(
            cost=f"{usd('glue', 'DPU, flex')} an hour and DPU",
            risk="on spare capacity: a run may begin later and lose workers on its way",
        ),
    )
    """Whether runs take spare capacity."""


class Ingestion(Shared):
    """The jobs that judge what is delivered and prepare what is accepted.

    Two for each object, three with `features.ingest`.
    """

    instance_type: ProcessingInstance = Field(
        default="ml.m5.large",
        json_schema_extra=told(
            cost=f"some minutes for each job: ml.m5.large {usd('sagemaker', 'instance ml.m5.large')} an hour of use"
        ),
    )
    """Instance type of the jobs. Validation takes 300 MB of memory for a CSV of any size with 20 columns, 660 with 400.
    """
    max_runtime_minutes: int = Field(default=60, ge=5, le=1440)
    """Minutes after which a job is stopped, and tried again."""
    glue: Glue | None = Field(
        default=None,
        json_schema_extra=told(
            cost="a run of each object takes two workers for minutes, and two interface endpoints stand in the network"
        ),
    )
    """Where it is given, AWS Glue makes the data sets on Spark in place of a job on one machine; `{}` for one with all
    defaults."""
