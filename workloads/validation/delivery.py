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

Every row is in one place, whoever dies on the way and however many judge the same bytes at once:

- The ledger entry comes after the files that it names, and only if it is still the one that was found before judging
  (If-None-Match, If-Match). A crash leaves an object to be judged again. Whoever is too late looks at the entry that
  was faster, and writes its files anew: by the same rules as that entry says, so that of two deliveries one is the
  duplicate; by other rules by its own.
- Whoever writes files takes away all else that lies there of the same bytes.
- A duplicate is one only if the files of the entry lie there as it says; else they are written again.

An object that was judged by other rules (columns, roles or ingestion limits of the contract changed) is judged again.
A verdict follows from the bytes, the rules, what was accepted last, and when the object was delivered, not when it is
judged: what is late is late on the day of delivery.

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
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from contracts.layout import Layout
from contracts.schema import Contract, plain
from workloads.inputs import file_sha256
from workloads.job import PlatformError, UserError
from workloads.location import Location, download
from workloads.validation import outcome, pii
from workloads.validation.judge import validate
from workloads.validation.outcome import Entry, Places
from workloads.validation.summary import Summary
from workloads.validation.verdict import Status, Verdict, from_dict

#: Others that may be faster, one after the other, before a job gives up and is started again.
_ROUNDS = 5


class ApprovalError(UserError):
    """An approval of something that is not held."""


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A person's decision to accept a held file: who and why, kept in the ledger."""

    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class _Case:
    """What was delivered, fetched to `path`, and by what it is judged."""

    s3: Any
    contract: Contract
    places: Places
    source: Location
    version_id: str | None
    path: Path
    sha256: str
    delivered: datetime
    now: datetime
    salt: bytes | None
    memory_limit_mb: int | None


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
    scratch: Path | None = None,
) -> Verdict:
    """Judge the object at `source` (`version_id` if given, else the newest) and write the outcome under `processed`.

    The outcome lies under the prefixes of `workload`; `scratch` is where the work lies meanwhile (None: where the
    system has temporary files).
    `s3` is a boto3 S3 client. An object that was judged before, by the same rules, is a duplicate and changes
    nothing, unless it is held and `approval` accepts it. Raises LocationError when the object cannot be read,
    ApprovalError when there is nothing to approve, SaltError as `validate` does, PlatformError when others judge the
    same bytes all the time, and botocore errors when AWS fails (in both cases the call can be repeated).
    """
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        # the name goes along, because an extension that belies the content is told; nothing else of the key does
        path = Path(directory) / ("object" + Path(source.key).suffix[:20])
        delivered = download(s3, source, path, version_id=version_id)
        case = _Case(
            s3=s3,
            contract=contract,
            places=Places(processed, Layout(workload)),
            source=source,
            version_id=version_id,
            path=path,
            sha256=file_sha256(path),
            delivered=delivered,
            now=now,
            salt=salt,
            memory_limit_mb=memory_limit_mb,
        )
        verdict = _settled(case, approval)
    return _noted(case, verdict)


def _settled(case: _Case, approval: Approval | None) -> Verdict:
    """Judge, write, and enter into the ledger, again where another was faster."""
    for attempt in range(_ROUNDS):
        entry = outcome.find(case.s3, case.places, case.sha256)
        # Who approves has looked at the entry that was found first. Where that is gone, and files are written over
        # those of its successor, they have to be put right before anybody is told so.
        approving = approval if attempt == 0 else None
        if approving and (entry is None or entry.record["status"] != Status.HELD):
            state = "was never judged" if entry is None else f"is {entry.record['status']}"
            raise _nothing_to_approve(case.source, state)
        if entry is not None and not approving and entry.record["rules_sha256"] == _rules_sha256(case.contract):
            verdict = _as_entered(case, entry)
        else:
            verdict = _judged(case, entry, approving)
        if verdict is not None:
            became = verdict.duplicate_of or verdict.status
            if approval and attempt and became is not Status.ACCEPTED:
                raise _nothing_to_approve(case.source, f"was judged again meanwhile and is {became}")
            return verdict
    raise PlatformError(
        f"object {case.source}: {_ROUNDS} other jobs have judged the same bytes since this one began; start it again"
    )


def _judged(case: _Case, former: Entry | None, approval: Approval | None) -> Verdict | None:
    """The verdict, now in the ledger in place of `former`; None where another was faster."""
    last = outcome.last_accepted(case.s3, case.places)
    salt_check = pii.check(case.contract, case.salt)
    pii.require_same_salt((last or {}).get("salt_check"), salt_check)
    previous = Summary.from_dict(last["summary"]) if last else None
    verdict = _validate(case, delivered=case.delivered, now=case.now, previous=previous, hold=approval is None)
    record = verdict.to_dict() | {
        "object": str(case.source),
        "version_id": case.version_id,
        "contract": case.contract.name,
        "rules_sha256": _rules_sha256(case.contract),
        "delivered_at": case.delivered.isoformat(),
        "judged_at": case.now.isoformat(),
        "approval": asdict(approval) if approval else None,
        **({"salt_check": salt_check} if salt_check else {}),
    }
    if not _written(case, verdict, record, former):
        return None
    outcome.remember(case.s3, case.places, record)
    return verdict


def _as_entered(case: _Case, entry: Entry) -> Verdict | None:
    """A duplicate of what the ledger says, by the same rules; None where another was faster.

    Its files are made again if they are not those of the entry. Whether its rows wait for a person was decided, so it
    is not decided again by what has been accepted since.
    """
    first = from_dict(entry.record)
    if not outcome.stands(case.s3, case.places, entry):
        delivered, now = (datetime.fromisoformat(entry.record[key]) for key in ("delivered_at", "judged_at"))
        pii.require_same_salt(entry.record.get("salt_check"), pii.check(case.contract, case.salt))
        verdict = _validate(case, delivered=delivered, now=now, previous=None, hold=False)
        if verdict.status is Status.ACCEPTED and first.status is Status.HELD:
            verdict = replace(verdict, status=Status.HELD, findings=first.findings)
        if not _written(case, verdict, {**entry.record, **verdict.to_dict()}, entry):
            return None
        first = verdict
    if first.status is Status.ACCEPTED:
        outcome.remember_again(case.s3, case.places, entry.record)
    return replace(first, status=Status.DUPLICATE, duplicate_of=first.status)


def _validate(case: _Case, *, delivered: datetime, now: datetime, previous: Summary | None, hold: bool) -> Verdict:
    return validate(
        case.path,
        case.contract,
        output=case.path.parent / "output",
        now=now,
        delivered=delivered,
        previous=previous,
        salt=case.salt,
        memory_limit_mb=case.memory_limit_mb,
        hold=hold,
    )


def _written(case: _Case, verdict: Verdict, record: Mapping[str, Any], former: Entry | None) -> bool:
    """Write the files and then the entry; False where the entry is no more the one that was found."""
    keep_file = not any(column.pii for column in case.contract.columns)
    record = {key: value for key, value in record.items() if key != "files"}
    files = outcome.write(case.s3, case.places, verdict, record, case.path, keep_file=keep_file)
    return outcome.enter(case.s3, case.places, {**record, "files": files}, former)


def _nothing_to_approve(source: Location, state: str) -> ApprovalError:
    return ApprovalError(f"object {source} {state}, so there is nothing to approve; only a held object can be")


def _rules_sha256(contract: Contract) -> str:
    """Of the parts of the contract that validation reads; the rest may change without judging data again."""
    parts = {name: value for name, value in plain(contract).items() if name in _RULES}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


_RULES = ("columns", "encoding", "entity", "event_time", "event_time_from", "label", "ingestion")


def _noted(case: _Case, verdict: Verdict) -> Verdict:
    """Keep what became of a version of an object; of a duplicate, how the first one was judged."""
    if case.version_id:
        note = {
            "object": str(case.source),
            "version_id": case.version_id,
            "object_sha256": verdict.object_sha256,
            "status": verdict.duplicate_of or verdict.status,
            "duplicate": verdict.status is Status.DUPLICATE,
            "rows_in": verdict.rows_in,
            "accepted": verdict.accepted,
            "quarantined": verdict.quarantined,
        }
        outcome.put_json(case.s3, case.places.delivery(case.source, case.version_id), note)
    return verdict
