"""One object in S3, judged once whatever it is called and however often it is delivered.

Written under the processed location, where an object is known by the SHA-256 of its bytes (prefixes of the workload:
`contracts.layout`):

    accepted/<workload>/<sha256>.parquet          its good rows, with the time S3 gave the object
    quarantine/<workload>/<sha256>/rows.parquet   its bad rows and why
                                  /_held.parquet  the good rows of a held file, until a person approves it
                                  /_file.bin      a refused file as it came (not with PII in the contract: raw keeps it)
                                  /_reason.json   the verdict and where the object came from, if anything is quarantined
    ledger/<workload>/<sha256>.json               the verdict: its presence means that the object is done
                     /deliveries/<hash>.json      what a version of an object was judged as
    ledger/<workload>/last-accepted.json          the summary that the next file is compared with

The ledger entry comes last and only where none is, so that a crash leaves an object to be judged again (to the same
files), and of two deliveries at once one is the duplicate. An object that was judged by other rules (columns, roles or
ingestion limits of the contract changed) is judged again, and what the former verdict left is taken away.

A version of an object is noted by the SHA-256 of `s3://bucket/key version`, so that whoever was told of it, and has not
read it, finds what became of it. That note comes after the ledger entry, and again with every delivery.

What begins with an underscore is no row to whoever reads all of a prefix, such as Athena and Spark.

ETL lets the later delivery win where two disagree. Later is what S3 says, not when it was judged: an object that waits
for approval, or is judged again, keeps its place among the others.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from contracts import objects
from contracts.layout import Layout
from contracts.schema import Contract, plain
from workloads.inputs import file_sha256
from workloads.job import UserError
from workloads.location import Location, download
from workloads.validation import pii
from workloads.validation.judge import ACCEPTED_FILE, QUARANTINE_FILE, validate
from workloads.validation.summary import Summary
from workloads.validation.verdict import Status, Verdict, from_dict

LAST_ACCEPTED = "last-accepted.json"


@dataclass(frozen=True)
class _Places:
    """Where the outcome of a workload's objects lies."""

    processed: Location
    layout: Layout

    def accepted(self, sha256: str) -> Location:
        return self.processed / f"{self.layout.accepted}{sha256}.parquet"

    def quarantine(self, sha256: str) -> Location:
        return self.processed / f"{self.layout.quarantine}{sha256}"

    def verdict(self, sha256: str) -> Location:
        return self.processed / f"{self.layout.ledger}{sha256}.json"

    def delivery(self, source: Location, version_id: str) -> Location:
        name = hashlib.sha256(f"{source} {version_id}".encode()).hexdigest()
        return self.processed / f"{self.layout.deliveries}{name}.json"

    @property
    def last_accepted(self) -> Location:
        return self.processed / f"{self.layout.ledger}{LAST_ACCEPTED}"


class ApprovalError(UserError):
    """An approval of something that is not held."""


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A person's decision to accept a held file: who and why, kept in the ledger."""

    who: str
    why: str


def process(
    s3: Any,
    contract: Contract,
    *,
    source: Location,
    processed: Location,
    workload: str,
    now: datetime,
    version_id: str | None = None,
    salt: bytes | None = None,
    approval: Approval | None = None,
    memory_limit_mb: int | None = None,
) -> Verdict:
    """Judge the object at `source` (`version_id` if given, else the newest) and write the outcome under `processed`.

    The outcome lies under the prefixes of `workload`.
    `s3` is a boto3 S3 client. An object that was judged before, by the same rules, is a duplicate and changes
    nothing, unless it is held and `approval` accepts it. Raises LocationError when the object cannot be read,
    ApprovalError when there is nothing to approve, SaltError as `validate` does, and botocore errors when AWS fails
    (the call can then be repeated).
    """
    rules = _rules_sha256(contract)
    places = _Places(processed, Layout(workload))
    with tempfile.TemporaryDirectory() as directory:
        # the name goes along, because an extension that belies the content is told; nothing else of the key does
        path = Path(directory) / ("object" + Path(source.key).suffix[:20])
        delivered = download(s3, source, path, version_id=version_id)
        sha256 = file_sha256(path)
        entry = _read_json(s3, places.verdict(sha256))
        approving = approval is not None
        if approving and (entry is None or entry["status"] != Status.HELD):
            state = "was never judged" if entry is None else f"is {entry['status']}"
            raise ApprovalError(f"object {source} {state}, so there is nothing to approve; only a held object can be")
        if entry is not None and entry["rules_sha256"] == rules and not approving:
            return _noted(s3, places, source, version_id, _duplicate(entry))
        last = _read_json(s3, places.last_accepted)
        salt_check = pii.check(contract, salt)
        pii.require_same_salt((last or {}).get("salt_check"), salt_check)
        verdict = validate(
            path,
            contract,
            output=Path(directory) / "output",
            now=now,
            delivered=delivered,
            previous=Summary.from_dict(last["summary"]) if last else None,
            salt=salt,
            memory_limit_mb=memory_limit_mb,
            hold=not approving,
        )
        record = verdict.to_dict() | {
            "object": str(source),
            "version_id": version_id,
            "contract": contract.name,
            "rules_sha256": rules,
            "delivered_at": delivered.isoformat(),
            "judged_at": now.isoformat(),
            "approval": asdict(approval) if approval else None,
            **({"salt_check": salt_check} if salt_check else {}),
        }
        written = _store(s3, places, verdict, record, path, keep_file=not any(c.pii for c in contract.columns))
        if entry is not None:
            _remove_former(s3, places, sha256, written)
        won = _write_json(s3, places.verdict(sha256), record, only_if_new=entry is None)
    if not won:  # another delivery of the same bytes came first, and wrote the same files
        verdict = replace(verdict, status=Status.DUPLICATE, duplicate_of=verdict.status)
    return _noted(s3, places, source, version_id, verdict)


def _store(
    s3: Any, places: _Places, verdict: Verdict, record: dict[str, Any], path: Path, *, keep_file: bool
) -> set[Location]:
    """Everything but the ledger. `keep_file`: a refused file may be kept as it came. Returns what is there now."""
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
    written = set(uploads.values())
    if verdict.status is not Status.ACCEPTED or verdict.quarantined:
        _write_json(s3, quarantine / "_reason.json", record)
        written.add(quarantine / "_reason.json")
    if verdict.status is Status.ACCEPTED:
        kept = {key: record[key] for key in ("summary", "salt_check") if key in record}
        _write_json(s3, places.last_accepted, {"object_sha256": sha256, **kept})
    return written


def _remove_former(s3: Any, places: _Places, sha256: str, written: set[Location]) -> None:
    """Of an object that was judged before, take away what the former verdict left and this one did not write anew.

    Rows that were accepted by other rules must not go into the next data set, and a copy of rows that a person has
    approved has done its service.
    """
    quarantine = places.quarantine(sha256)
    names = ("rows.parquet", "_held.parquet", "_file.bin", "_reason.json")
    for place in (places.accepted(sha256), *(quarantine / name for name in names)):
        if place not in written:
            s3.delete_object(Bucket=place.bucket, Key=place.key)


def _rules_sha256(contract: Contract) -> str:
    """Of the parts of the contract that validation reads; the rest may change without judging data again."""
    parts = {name: value for name, value in plain(contract).items() if name in _RULES}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


_RULES = ("columns", "encoding", "entity", "event_time", "event_time_from", "label", "ingestion")


def _duplicate(entry: dict[str, Any]) -> Verdict:
    first = from_dict(entry)
    return replace(first, status=Status.DUPLICATE, duplicate_of=first.status)


def _noted(s3: Any, places: _Places, source: Location, version_id: str | None, verdict: Verdict) -> Verdict:
    """Keep what became of a version of an object; of a duplicate, how the first one was judged."""
    if version_id:
        note = {
            "object": str(source),
            "version_id": version_id,
            "object_sha256": verdict.object_sha256,
            "status": verdict.duplicate_of or verdict.status,
            "duplicate": verdict.status is Status.DUPLICATE,
            "rows_in": verdict.rows_in,
            "accepted": verdict.accepted,
            "quarantined": verdict.quarantined,
        }
        _write_json(s3, places.delivery(source, version_id), note)
    return verdict


def _read_json(s3: Any, location: Location) -> dict[str, Any] | None:
    found = objects.read(s3, location.bucket, location.key)
    return json.loads(found["Body"].read()) if found else None


def _write_json(s3: Any, location: Location, value: dict[str, Any], *, only_if_new: bool = False) -> bool:
    """Whether it was written; with `only_if_new` it is not when the object exists (S3 conditional write)."""
    condition = {"IfNoneMatch": "*"} if only_if_new else {}
    body = json.dumps(value, sort_keys=True, indent=1).encode()
    try:
        s3.put_object(Bucket=location.bucket, Key=location.key, Body=body, ContentType="application/json", **condition)
    except ClientError as error:
        if only_if_new and error.response.get("Error", {}).get("Code") in (
            "PreconditionFailed",
            "ConditionalRequestConflict",
        ):
            return False
        raise
    return True
