"""What is written of a judged object, and the ledger entry that says which files those are.

A ledger entry names its files with the ETag that S3 gave each. So whoever finds an entry sees whether they are still
its files: of two jobs that judge the same bytes, one may have written over the other's and died before it said so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from contracts import objects
from contracts.layout import Layout
from workloads.location import Location
from workloads.validation.judge import ACCEPTED_FILE, QUARANTINE_FILE
from workloads.validation.verdict import Status, Verdict

LAST_ACCEPTED = "last-accepted.json"
#: What S3 answers to a conditional write that comes too late (user guide, "How to prevent object overwrites with
#: conditional writes", read 30 November 2026): the object is another one, is being written, or is gone.
_TOO_LATE = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})


@dataclass(frozen=True)
class Places:
    """Where the outcome of a workload's objects lies."""

    processed: Location
    layout: Layout

    def accepted(self, sha256: str) -> Location:
        """The good rows of an accepted object."""
        return self.processed / f"{self.layout.accepted}{sha256}.parquet"

    def quarantine(self, sha256: str) -> Location:
        """The folder of all else that is kept of an object."""
        return self.processed / f"{self.layout.quarantine}{sha256}/"

    def verdict(self, sha256: str) -> Location:
        """The ledger entry."""
        return self.processed / f"{self.layout.ledger}{sha256}.json"

    def delivery(self, source: Location, version_id: str) -> Location:
        """The note of a version of an object."""
        name = hashlib.sha256(f"{source} {version_id}".encode()).hexdigest()
        return self.processed / f"{self.layout.deliveries}{name}.json"

    @property
    def last_accepted(self) -> Location:
        """The summary that the next file is compared with."""
        return self.processed / f"{self.layout.ledger}{LAST_ACCEPTED}"


@dataclass(frozen=True)
class Entry:
    """A ledger entry as it was read; `etag` is the condition under which it may be replaced."""

    record: Mapping[str, Any]
    etag: str


def find(s3: Any, places: Places, sha256: str) -> Entry | None:
    """The ledger entry of these bytes, None where nobody has judged them."""
    place = places.verdict(sha256)
    found = objects.read(s3, place.bucket, place.key)
    return Entry(json.loads(found["Body"].read()), found["ETag"]) if found else None


def write(
    s3: Any, places: Places, verdict: Verdict, record: Mapping[str, Any], path: Path, *, keep_file: bool
) -> dict[str, str]:
    """Write all but the ledger, and take away whatever else lies there of these bytes; the ETag of each file by key.

    What another verdict left must not stay: rows that it accepted would be in the next data set, and a row in two
    places. The judged rows lie in `output` beside the file at `path`. `keep_file`: a refused file may be kept as it
    came.
    """
    sha256, output = verdict.object_sha256, path.parent / "output"
    quarantine = places.quarantine(sha256)
    uploads = {output / QUARANTINE_FILE: quarantine / "rows.parquet"}
    match verdict.status:
        case Status.ACCEPTED:
            uploads[output / ACCEPTED_FILE] = places.accepted(sha256)
        case Status.HELD:
            uploads[output / ACCEPTED_FILE] = quarantine / "_held.parquet"
        case _ if keep_file:
            uploads[path] = quarantine / "_file.bin"
        case _:
            pass
    uploads = {file: target for file, target in uploads.items() if file.exists()}
    for file, target in uploads.items():
        s3.upload_file(str(file), target.bucket, target.key)
    written = {target.key for target in uploads.values()}
    if verdict.status is not Status.ACCEPTED or verdict.quarantined:
        reason = quarantine / "_reason.json"
        put_json(s3, reason, record)
        written.add(reason.key)
    lying = _lying(s3, places, sha256)
    for key in lying.keys() - written:
        s3.delete_object(Bucket=places.processed.bucket, Key=key)
    return {key: etag for key, etag in lying.items() if key in written}


def stands(s3: Any, places: Places, entry: Entry) -> bool:
    """Whether the files of an entry lie there as it says, and no others (of one without its files: believed)."""
    files = entry.record.get("files")
    return files is None or _lying(s3, places, entry.record["object_sha256"]) == files


def enter(s3: Any, places: Places, record: Mapping[str, Any], former: Entry | None) -> bool:
    """Write the ledger entry in place of `former`; False, and nothing is changed, where another one is there by now."""
    condition = {"IfMatch": former.etag} if former else {"IfNoneMatch": "*"}
    try:
        put_json(s3, places.verdict(record["object_sha256"]), record, **condition)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _TOO_LATE:
            return False
        raise
    return True


def last_accepted(s3: Any, places: Places) -> dict[str, Any] | None:
    """What the next file is compared with: summary, and check of the salt, of the object that was accepted last."""
    found = objects.read(s3, places.last_accepted.bucket, places.last_accepted.key)
    return json.loads(found["Body"].read()) if found else None


def remember(s3: Any, places: Places, record: Mapping[str, Any]) -> None:
    """Have the next file compared with this object, if it is accepted."""
    if record["status"] == Status.ACCEPTED:
        kept = {key: record[key] for key in ("object_sha256", "judged_at", "summary", "salt_check") if key in record}
        put_json(s3, places.last_accepted, kept)


def remember_again(s3: Any, places: Places, record: Mapping[str, Any]) -> None:
    """The same for an entry that is there already: its job may have been killed before it could."""
    last = last_accepted(s3, places)
    if last is None or _judged_at(last) < _judged_at(record):
        remember(s3, places, record)


def put_json(s3: Any, location: Location, value: Mapping[str, Any], **condition: str) -> None:
    """Write an object of JSON; botocore's error where S3 refuses, as where a condition does not hold."""
    body = json.dumps(value, sort_keys=True, indent=1).encode()
    s3.put_object(Bucket=location.bucket, Key=location.key, Body=body, ContentType="application/json", **condition)


def _judged_at(record: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(record["judged_at"])


def _lying(s3: Any, places: Places, sha256: str) -> dict[str, str]:
    """ETag by key of all that lies there of these bytes, beside the ledger."""
    found: dict[str, str] = {}
    for place in (places.accepted(sha256), places.quarantine(sha256)):
        listed = s3.list_objects_v2(Bucket=place.bucket, Prefix=place.key).get("Contents", [])
        found |= {each["Key"]: each["ETag"] for each in listed}
    return found
