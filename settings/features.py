"""Section `features`: the feature store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from contracts.prices import told as usd
from settings.faults import Fault
from settings.section import Shared, told


class Features(Shared):
    """The feature store."""

    ingest: bool = Field(
        default=False,
        json_schema_extra=told(
            cost=f"an interface endpoint, {usd('ec2', 'interface endpoint')} an hour and zone, a job for each "
            f"object, and {usd('sagemaker', 'feature store online write')} a million units written",
            risk="the store is filled by nobody but your own calls while this is `false`",
        ),
    )
    """Whether ingestion writes the rows of each accepted object to the feature store."""
    offline_format: Literal["glue", "iceberg"] = Field(
        default="glue",
        json_schema_extra=told(
            risk="a group keeps the format that it was made with, whatever this says; preflight tells where they differ"
        ),
    )
    """Table format of the offline store of a feature group that is made from now on: Parquet by the hour, or an Iceberg
    table, which has snapshots, can be compacted, and lets go of single persons."""
    training_set: Literal["accepted", "offline_store"] = Field(
        default="accepted",
        json_schema_extra=told(
            cost=f"an interface endpoint for Glue, {usd('ec2', 'interface endpoint')} an hour and zone",
            risk="a run waits up to 15 minutes for records that SageMaker has not written yet",
        ),
    )
    """Where training takes model inputs from: the accepted rows, or what the offline store knew at the event time of
    each, whoever wrote it. That takes `ingest`, and a store in Iceberg."""
    online_ttl_days: int = Field(
        default=365,
        ge=1,
        le=3650,
        json_schema_extra=told(
            cost=f"{usd('sagemaker', 'feature store online storage')} a GB and month in the online store",
            risk="a record that is gone is a missing value to the model",
        ),
    )
    """Days after its event time that a record stays in the online store."""

    def faults(self) -> Iterator[Fault]:
        """A training set of a store that nobody fills, or that is not read."""
        if self.training_set == "offline_store":
            if not self.ingest:
                yield Fault("ingest", False, "true with training_set: offline_store", "set it, or drop training_set")
            if self.offline_format != "iceberg":
                advice = "set it where the group is new, or drop training_set"
                yield Fault("offline_format", self.offline_format, "iceberg with training_set: offline_store", advice)
