"""Section `lake`: the buckets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from contracts.prices import told as usd
from settings.faults import Fault
from settings.section import Section, told

#: Amazon S3 user guide, "General purpose bucket naming rules".
BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", examples=["central-access-logs"])]


class Lake(Section):
    """The buckets: how long data is kept, and in which storage class."""

    block_public_access: bool = Field(
        default=True,
        json_schema_extra=told(risk="`false` leaves one mistake between the data and the world"),
    )
    """Whether S3 refuses public access to every bucket."""
    object_lock_days: int = Field(
        default=0,
        ge=0,
        le=3650,
        json_schema_extra=told(
            cost="storage of all that is delivered, for as long",
            risk="a lock cannot be undone, not by AWS either; the bucket cannot be deleted before",
        ),
    )
    """Days that raw data cannot be deleted by anyone (compliance mode). 0 is no lock."""
    infrequent_access_after_days: int = Field(
        default=30,
        ge=30,
        le=3650,
        json_schema_extra=told(
            cost=f"{usd('s3', 'standard-IA storage')} a GB and month there instead of "
            f"{usd('s3', 'standard storage')}, and {usd('s3', 'standard-IA reads')} a GB read"
        ),
    )
    """Age in days at which raw data moves to S3 Standard-IA."""
    archive_after_days: int = Field(
        default=90,
        ge=60,
        le=3650,
        json_schema_extra=told(
            cost=f"{usd('s3', 'glacier instant retrieval')} a GB and month there, and "
            f"{usd('s3', 'glacier instant retrieval reads')} a GB read"
        ),
    )
    """Age in days at which raw data moves to S3 Glacier Instant Retrieval."""
    noncurrent_version_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        json_schema_extra=told(
            cost="storage of every version for as long", risk="few days leave little time to notice a mistake"
        ),
    )
    """Days that a replaced or deleted version stays restorable."""
    data_capture_days: int = Field(
        default=90,
        ge=7,
        le=3650,
        json_schema_extra=told(cost="storage of every request and prediction for as long"),
    )
    """Days that captured requests and predictions are kept."""
    access_log_days: int = Field(
        default=365,
        ge=90,
        le=3650,
        json_schema_extra=told(risk="who read what cannot be told for longer than this"),
    )
    """Days that S3 access logs are kept."""
    access_log_bucket: BucketName | None = None
    """A bucket that the account has already for access logs, looked up and never changed; `access_log_days` is its
    owner's affair then. It must let S3's log delivery in, and have neither a KMS key nor a default retention."""

    def faults(self) -> Iterator[Fault]:
        """Tiers in the wrong order."""
        if self.archive_after_days < (least := self.infrequent_access_after_days + 30):
            advice = "S3 keeps an object 30 days in Standard-IA: archive later or tier earlier"
            yield Fault("archive_after_days", self.archive_after_days, f"{least} or more", advice)
