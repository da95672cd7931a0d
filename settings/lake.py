"""Section `lake`: the buckets."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from settings.faults import Fault
from settings.section import Section


class Lake(Section):
    """The buckets: how long data is kept, and in which storage class."""

    block_public_access: bool = True
    """Whether S3 refuses public access to every bucket; `false` leaves one mistake between data and world."""
    object_lock_days: int = Field(default=0, ge=0, le=3650)
    """Days that raw data cannot be deleted by anyone (compliance mode). 0 is no lock; a lock cannot be undone."""
    infrequent_access_after_days: int = Field(default=30, ge=30, le=3650)
    """Age in days at which raw data moves to S3 Standard-IA."""
    archive_after_days: int = Field(default=90, ge=60, le=3650)
    """Age in days at which raw data moves to S3 Glacier Instant Retrieval."""
    noncurrent_version_days: int = Field(default=90, ge=1, le=3650)
    """Days that a replaced or deleted version stays restorable."""
    data_capture_days: int = Field(default=90, ge=7, le=3650)
    """Days that captured requests and predictions are kept."""
    access_log_days: int = Field(default=365, ge=90, le=3650)
    """Days that S3 access logs are kept."""

    def faults(self) -> Iterator[Fault]:
        """Tiers in the wrong order."""
        if self.archive_after_days < (least := self.infrequent_access_after_days + 30):
            advice = "S3 keeps an object 30 days in Standard-IA: archive later or tier earlier"
            yield Fault("archive_after_days", self.archive_after_days, f"{least} or more", advice)
