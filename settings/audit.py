"""Section `audit`: the record of who did what, and the search for what is open to others."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from contracts.prices import told as usd
from settings.faults import Fault
from settings.section import Section, told


class Audit(Section):
    """The record of who did what in the account, and the search for what is open to others. Both are off by default:
    many organisations have them for all of their accounts."""

    trail: bool = Field(
        default=False,
        json_schema_extra=told(
            cost=f"{usd('cloudtrail', 'data events')} per 100,000 reads and writes of objects; a second copy of the "
            "management events, where the account has a trail of them",
            risk="the bucket of a trail cannot be deleted before its locks end",
        ),
    )
    """Whether a CloudTrail trail records who read and wrote objects of the lake's buckets, in a locked bucket of its
    own."""
    management_events: bool = Field(
        default=True,
        json_schema_extra=told(risk="`false` keeps no record of who changed the account, unless another trail does"),
    )
    """Whether the trail also records the calls that change the account, in every region. False where another trail
    does; AWS delivers one copy of them for nothing."""
    keep_days: int = Field(
        default=365, ge=90, le=3650, json_schema_extra=told(cost="storage of the record for as long")
    )
    """Days that the trail's files are kept."""
    lock_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        json_schema_extra=told(risk="a lock cannot be undone, not by AWS either"),
    )
    """Days that nobody can delete a file of the trail (compliance mode)."""
    analyzer: bool = Field(
        default=False,
        json_schema_extra=told(risk="an account has one in a region: the second stack that says so cannot be deployed"),
    )
    """Whether IAM Access Analyzer looks for buckets, keys, roles, queues and functions that are open to others than
    the account."""

    def faults(self) -> Iterator[Fault]:
        """A file that has to go while it is locked."""
        if self.keep_days < self.lock_days:
            yield Fault("keep_days", self.keep_days, f"{self.lock_days} or more", "lock_days keeps it for as long")
