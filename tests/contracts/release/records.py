"""Records to start from."""

from __future__ import annotations

from contracts import release
from contracts.release import Record, Status


def package(version: int) -> str:
    return f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-prod/{version}"


def at(hour: int) -> str:
    return f"2026-11-21T{hour:02}:00:00+00:00"


def promoted(record: Record | None, version: int, hour: int | None = None, **counts: int) -> Record:
    """`version` is the candidate."""
    return release.promote(record, package(version), who="ana", why="better", when=at(hour or version), counts=counts)


def deployed(record: Record) -> Record:
    """The wanted release is live."""
    return release.settle(record, record.wanted.id)


def statuses(record: Record) -> list[tuple[str, Status]]:
    """Versions of the champions and what became of them."""
    return [(r.champion.rsplit("/", 1)[1], r.status) for r in record.releases]


#: Version 1 live; and version 2 live with 1 known to be good.
FIRST = deployed(promoted(None, 1))
SECOND = deployed(promoted(FIRST, 2))
