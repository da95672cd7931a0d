"""The feature store's offline store: every record as Parquet in S3, in the layout SageMaker documents.

`<ResolvedOutputS3Uri>/year=/month=/day=/hour=/<time>_<random>.parquet`, partitioned by event time, with the columns
`api_invocation_time`, `write_time` and `is_deleted` beside the features; of table format Iceberg, a table (`iceberg`).
On AWS records arrive within 15 minutes; here they wait for the next flush (each few seconds, and on demand through the
admin API).
"""

from __future__ import annotations

import io
import logging
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends

from local.emulator.context import Context
from local.emulator.extension import store
from local.emulator.sagemaker.feature_groups import FeatureGroup

FLUSH_SECONDS = 5.0
_CONVERT: dict[str, Callable[[str], Any]] = {"Integral": int, "Fractional": float, "String": str}
_lock = threading.Lock()
_flushing = threading.Lock()  # so that a flush also waits for what another one took
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A record on its way to S3."""

    group: FeatureGroup
    values: dict[str, Any]
    event_time: float
    invoked: datetime
    deleted: bool


def append(
    backend: SageMakerModelBackend, group: FeatureGroup, values: dict[str, Any], event_time: float, *, deleted: bool
) -> None:
    """Take a record for the next flush."""
    pending = Pending(group=group, values=values, event_time=event_time, invoked=datetime.now(UTC), deleted=deleted)
    with _lock:
        store(backend, "offline records").setdefault("pending", []).append(pending)


def flush(context: Context) -> int:
    """Write what waits; the number of records. What cannot be written goes on waiting, unless its bucket is gone."""
    backends = [backend for account in list(sagemaker_backends.values()) for backend in list(account.values())]
    with _flushing:
        return sum(_flush(context, backend) for backend in backends)


def _flush(context: Context, backend: SageMakerModelBackend) -> int:
    with _lock:
        waiting: list[Pending] = store(backend, "offline records").pop("pending", [])
    parts = _partitions(waiting)
    try:
        while parts:
            (partition, group), records = next(iter(parts.items()))
            try:
                _write(context, backend.region_name, partition, records)
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchBucket":
                    raise
                _logger.warning("%d records of %s dropped: its bucket is gone", len(records), group)
            del parts[partition, group]
    finally:
        left = [record for records in parts.values() for record in records]
        with _lock:
            store(backend, "offline records").setdefault("pending", []).extend(left)
    return len(waiting)


def _partitions(waiting: list[Pending]) -> dict[tuple[str, str], list[Pending]]:
    parts: dict[tuple[str, str], list[Pending]] = defaultdict(list)
    for record in waiting:
        moment = datetime.fromtimestamp(record.event_time, UTC)
        partition = "" if record.group.is_iceberg else moment.strftime("year=%Y/month=%m/day=%d/hour=%H")
        parts[partition, record.group.arn].append(record)
    return parts


def _write(context: Context, region: str, partition: str, records: list[Pending]) -> None:
    import pyarrow.parquet as parquet  # a second of import that only an offline store needs

    group = records[0].group
    if group.offline is None:
        raise ValueError(f"feature group {group.name} has no offline store")
    if group.is_iceberg:
        from local.emulator.sagemaker import iceberg

        iceberg.append(context.url, region, group.offline, table(group, records))
        return
    storage = group.offline["S3StorageConfig"]
    bucket, _, prefix = storage["ResolvedOutputS3Uri"].removeprefix("s3://").partition("/")
    buffer = io.BytesIO()
    parquet.write_table(table(group, records), buffer)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}_{secrets.token_hex(8)}.parquet"
    key = storage.get("KmsKeyId")
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    context.client("s3", region).put_object(
        Bucket=bucket, Key=f"{prefix}/{partition}/{name}", Body=buffer.getvalue(), **encryption
    )


def table(group: FeatureGroup, records: list[Pending]) -> Any:
    """Records as an Arrow table: the features in their types, then the three columns the store adds."""
    import pyarrow as pa

    kinds = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}
    columns: dict[str, Any] = {}
    for name, kind in group.types().items():
        values = [record.values.get(name) for record in records]
        typed = [None if value is None else _typed(value, kind) for value in values]
        collection = any(isinstance(value, list) for value in values)
        columns[name] = pa.array(typed, type=pa.list_(kinds[kind]) if collection else kinds[kind])
    instant = pa.timestamp("ms", tz="UTC")
    columns["api_invocation_time"] = pa.array([record.invoked for record in records], type=instant)
    columns["write_time"] = pa.array([datetime.now(UTC)] * len(records), type=instant)
    columns["is_deleted"] = pa.array([record.deleted for record in records], type=pa.bool_())
    return pa.table(columns)


def _typed(value: Any, kind: str) -> Any:
    convert = _CONVERT[kind]
    return [convert(item) for item in value] if isinstance(value, list) else convert(value)


def install(context: Context) -> None:
    """Flush as long as the emulator lives."""
    context.ticker.every(FLUSH_SECONDS, lambda: flush(context))
