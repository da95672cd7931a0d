"""Section `ingestion`: what judges delivered objects, and makes data sets of them."""

from __future__ import annotations

from pydantic import Field

from contracts.prices import told as usd
from settings.section import ProcessingInstance, Section, told


class Ingestion(Section):
    """The jobs that judge what is delivered and prepare what is accepted.

    Two for each object, three with `features.ingest`.
    """

    instance_type: ProcessingInstance = Field(
        default="ml.m5.large",
        json_schema_extra=told(
            cost=f"some minutes for each job: ml.m5.large {usd('sagemaker', 'instance ml.m5.large')} an hour of use"
        ),
    )
    """Instance type of the jobs. A CSV of 1 GB takes 1.3 GB of memory."""
    max_runtime_minutes: int = Field(default=60, ge=5, le=1440)
    """Minutes after which a job is stopped, and tried again."""
