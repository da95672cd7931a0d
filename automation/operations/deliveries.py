"""Delivering raw data: a file into the workload's prefix of the raw bucket, where validation takes it from."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from automation.operations.errors import RefusedError
from contracts.names import WorkloadNames


def deliver(names: WorkloadNames, file: Path, *, day: date, s3: Any) -> str:
    """Upload a file under the day it is delivered; returns its URI."""
    if not file.is_file():
        found = f"{str(file)!r}, which is a directory" if file.is_dir() else repr(str(file))
        raise RefusedError(f"file: found {found}; allowed: a file that is there, CSV or Parquet")
    key = f"{names.layout.incoming}{day.isoformat()}/{file.name}"
    s3.upload_file(str(file), names.raw_bucket, key)
    return f"s3://{names.raw_bucket}/{key}"
