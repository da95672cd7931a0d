"""Accepted rows into the feature store, in batches, until every one of them is there.

BatchWriteRecord takes up to 25 records and may leave some of them undone (API reference, BatchWriteRecord:
UnprocessedEntries, Errors). The online store keeps the record with the latest event time, so rows may come in any order
and more than once; of two with the same event time it keeps the one that was written last.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from contracts import objects
from contracts.feature_store import columns
from contracts.schema import Contract
from workloads.ingestion.data_sets import Place, put_json
from workloads.job import PlatformError, UserError
from workloads.location import Location, LocationError, download

_log = logging.getLogger(__name__)

BATCH = 25
#: Batches under way at one time. The store takes some thousand writes a second and group (SageMaker quotas).
AT_ONCE = 8
#: Tries of one batch: 0.1 s and twice as long each time, a random part of it, is a minute and a half in all.
TRIES = 10
FIRST_WAIT_SECONDS = 0.1
#: What AWS says of a record that may be written later; everything else is of the record itself.
_LATER = frozenset({"InternalFailure", "ServiceUnavailable", "ThrottlingException", "Throttling"})

Record = list[dict[str, str]]


def take(s3: Any, runtime: Any, contract: Contract, sha256: str, place: Place, *, group: str, scratch: Path) -> int:
    """Write the rows of an accepted object to the feature group, unless they are there; how many were written.

    `runtime` is a boto3 client of sagemaker-featurestore-runtime, `scratch` a directory with room for the object. One
    that was judged again since, and is not accepted by those rules, has no rows to write. Raises what `ingest` raises.
    """
    if objects.exists(s3, place.bucket, place.ingested(sha256)):
        return 0
    path = scratch / f"{sha256}.parquet"
    accepted = Location.parse(place.accepted) / path.name
    try:
        download(s3, accepted, path)
    except LocationError:
        if objects.exists(s3, accepted.bucket, accepted.key):
            raise
        _log.warning("%s is not there any more: the object was judged again", accepted)
        return 0
    written = ingest(runtime, group, contract, path)
    put_json(s3, place.bucket, place.ingested(sha256), {"feature_group": group, "records": written})
    return written


def ingest(
    runtime: Any, group: str, contract: Contract, path: Path, *, sleep: Callable[[float], None] = time.sleep
) -> int:
    """Write all rows of an accepted file to the feature group; returns their number.

    Raises UserError for a record that the group cannot take, PlatformError where AWS did not take one within TRIES.
    """
    written, batches = 0, _batches(path, contract)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while some := list(islice(batches, 16 * AT_ONCE)):  # the pool would take all of a file into memory at once
            written += sum(pool.map(lambda batch: _write(runtime, group, batch, sleep), some))
    return written


def records(rows: Sequence[Mapping[str, Any]], contract: Contract) -> Iterator[Record]:
    """Rows as the API takes them: every value a text, what is missing left out."""
    names = [column.name for column in columns(contract)]
    for row in rows:
        yield [{"FeatureName": name, "ValueAsString": _text(row[name])} for name in names if row.get(name) is not None]


def _text(value: Any) -> str:
    """A moment in UTC (to the millisecond where it has a part of a second), a boolean as 0 or 1."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None)
        return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds") + "Z"
    return str(value)


def _batches(path: Path, contract: Contract) -> Iterator[list[Record]]:
    names = [column.name for column in columns(contract)]
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH, columns=names):
            yield list(records(batch.to_pylist(), contract))


def _write(runtime: Any, group: str, batch: list[Record], sleep: Callable[[float], None]) -> int:
    entries = [{"FeatureGroupName": group, "Record": record} for record in batch]
    for attempt in range(TRIES):
        if attempt:
            sleep(random.uniform(0, FIRST_WAIT_SECONDS * 2**attempt))  # noqa: S311 - jitter, not a secret
        entries = _undone(runtime, entries)
        if not entries:
            return len(batch)
    raise PlatformError(f"feature group {group}: {len(entries)} records were not taken in {TRIES} tries; try again")


def _undone(runtime: Any, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write a batch; returns the entries that are to be written again."""
    try:
        answer = runtime.batch_write_record(Entries=entries)
    except runtime.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in _LATER:
            return entries
        raise
    refused = [error for error in answer["Errors"] if error["ErrorCode"] not in _LATER]
    if refused:
        first = refused[0]
        raise UserError(
            f"feature group {first['Entry']['FeatureGroupName']} refuses {len(refused)} records of a batch, the first "
            f"with {first['ErrorCode']}: {first['ErrorMessage']}; `python -m automation evolve` gives the group the "
            "columns that the contract has"
        )
    left: list[dict[str, Any]] = answer["UnprocessedEntries"]  # which may have those of errors too
    return [*left, *(error["Entry"] for error in answer["Errors"] if error["Entry"] not in left)]
