"""Delivering raw data: a file into the workload's prefix of the raw bucket, where validation takes it from."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError

from automation.operations.errors import RefusedError
from contracts import objects
from contracts.names import WorkloadNames

#: The two calls that make an object of a file, small or in parts.
_CREATES: Final = ("PutObject", "CompleteMultipartUpload")
#: Another object is there, or being written (S3 user guide, "Conditional write behavior").
_TAKEN: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


def deliver(names: WorkloadNames, file: Path, *, day: date, s3: Any) -> str:
    """Upload a file under the day it is delivered; returns its URI.

    Raw data is never overwritten: the second file of a name and day lies below `<day>/2/`, and so on.
    """
    if not file.is_file():
        found = f"{str(file)!r}, which is a directory" if file.is_dir() else repr(str(file))
        raise RefusedError(f"file: found {found}; allowed: a file that is there, CSV or Parquet")
    for number in itertools.count(1):
        key = f"{names.layout.incoming}{day.isoformat()}/{f'{number}/' if number > 1 else ''}{file.name}"
        if not objects.exists(s3, names.raw_bucket, key) and _upload(s3, file, names.raw_bucket, key):
            return f"s3://{names.raw_bucket}/{key}"
    raise AssertionError("numbers do not end")


def _upload(s3: Any, file: Path, bucket: str, key: str) -> bool:
    """False, and nothing is written, where there is such an object by now."""
    try:
        with _only_where_none_is(s3):
            s3.upload_file(str(file), bucket, key)
    except S3UploadFailedError as error:
        cause = error.__context__
        if isinstance(cause, ClientError) and cause.response.get("Error", {}).get("Code") in _TAKEN:
            return False
        raise
    return True


@contextmanager
def _only_where_none_is(s3: Any) -> Generator[None]:
    """Objects are created under If-None-Match, which `upload_file` (boto3 1.43) does not take as an argument."""

    def conditional(params: dict[str, Any], **_: Any) -> None:
        params["IfNoneMatch"] = "*"

    events = [f"provide-client-params.s3.{each}" for each in _CREATES]
    for event in events:
        s3.meta.events.register(event, conditional)
    try:
        yield
    finally:
        for event in events:
            s3.meta.events.unregister(event, conditional)
