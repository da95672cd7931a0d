"""One pull: what has changed since the pull before becomes one object in the raw bucket.

    incoming/<workload>/<source>/<since>.csv      since: as 20261129T180000Z; metadata `until`: as far as it goes

The objects are the watermark: the newest says from where the next pull goes on. It is written whole or not at all and
only where none is (If-None-Match), so that a pull that dies leaves nothing, one that is repeated finds its rows there,
and of two at once one alone has an effect. A window takes `since` and leaves `until` to the next, so a row is in one
object for each time that it was changed. The source is asked from a second earlier on and the rest left out: whether it
counts the moment itself in does not matter.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from workloads.job import UserError
from workloads.location import Location
from workloads.pulling import source
from workloads.pulling.source import Row, Source

#: Of what PutObject takes at once (Amazon S3 user guide, "Uploading objects"): parts could not be as they are here,
#: with one condition for all of them.
MAX_BYTES: Final = 5 * 1024**3
UNTIL: Final = "until"
_FORM: Final = "%Y%m%dT%H%M%SZ"
#: With a byte order mark, so that a contract that declares the encoding of other files is not taken at its word.
_SIGNED: Final = "utf-8-sig"
_NAME: Final = re.compile(r"\d{8}T\d{6}Z\.csv")
_TAKEN: Final = "PreconditionFailed"


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """What a pull did: the object that it wrote and its rows, None where there is none, and why."""

    since: str
    until: str
    rows: int
    object: str | None
    why: str


def pull(s3: Any, wanted: Source, place: Location, *, first: datetime, until: datetime, scratch: Path) -> Pulled:
    """Write the rows that were changed before `until`, and since the pull before, or `first`, below `place`.

    UserError and PlatformError as `source.rows`, errors of botocore where AWS fails: nothing is written then.
    """
    since = watermark(s3, place) or first.replace(microsecond=0)
    until = until.replace(microsecond=0)  # what the metadata says of it
    nothing = partial(Pulled, since=_text(since), until=_text(until), rows=0, object=None)
    if until <= since:
        return nothing(why="pulled before")
    file = scratch / "rows.csv"
    count = _write(source.rows(wanted, since, until), file, scratch)
    if not count:
        return nothing(why="nothing has changed")
    if (size := file.stat().st_size) > MAX_BYTES:
        raise UserError(
            f"the rows since {_text(since)} have {size} bytes; allowed: {MAX_BYTES} in one pull; deliver history as "
            "files, and say with `first` where it ends"
        )
    target = place / f"{_text(since)}.csv"
    try:
        with file.open("rb") as body:
            s3.put_object(
                Bucket=target.bucket,
                Key=target.key,
                Body=body,
                ContentType="text/csv",
                Metadata={UNTIL: _text(until)},
                IfNoneMatch="*",
            )
    except ClientError as error:
        if error.response["Error"]["Code"] != _TAKEN:
            raise
        return nothing(why="another pull was there first")
    return Pulled(since=_text(since), until=_text(until), rows=count, object=str(target), why="")


def watermark(s3: Any, place: Location) -> datetime | None:
    """As far as the pulls below `place` have come; None before the first."""
    root = place / ""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=root.bucket, Prefix=root.key)
    keys = (item["Key"] for page in pages for item in page.get("Contents", ()))
    newest = max((key for key in keys if _NAME.fullmatch(key.removeprefix(root.key))), default=None)
    if newest is None:
        return None
    said = s3.head_object(Bucket=root.bucket, Key=newest)["Metadata"].get(UNTIL, "")
    try:
        return datetime.strptime(said, _FORM).replace(tzinfo=UTC)
    except ValueError as error:
        raise UserError(
            f"object s3://{root.bucket}/{newest}: found {said!r} as metadata {UNTIL!r}; allowed: what a pull writes; "
            "somebody else delivered it there: deliver elsewhere below the workload's prefix"
        ) from error


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_FORM)


def _write(found: Iterable[Row], file: Path, scratch: Path) -> int:
    """The rows as CSV with every column that one of them has; returns how many there are."""
    columns: dict[str, None] = {}
    count, spooled = 0, scratch / "rows.jsonl"
    with spooled.open("w", encoding="utf-8") as spool:
        for row in found:
            columns |= dict.fromkeys(row)
            spool.write(json.dumps(row) + "\n")
            count += 1
    with spooled.open(encoding="utf-8") as spool, file.open("w", encoding=_SIGNED, newline="") as opened:
        writer = csv.DictWriter(opened, list(columns), restval="")
        writer.writeheader()
        writer.writerows(map(json.loads, spool))
    return count
