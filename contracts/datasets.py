"""What the accepted data of a workload is, as a whole. Standard library only: zipped into a Lambda."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any


def accepted_keys(s3: Any, uri: str) -> list[str]:
    """Keys of the accepted objects under `s3://bucket/prefix/`, in order."""
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return sorted(item["Key"] for page in pages for item in page.get("Contents", []))


def version_of(keys: Iterable[str]) -> str | None:
    """`data-<12 hex digits>` over the keys of accepted objects, or None if there are none.

    An accepted object is named by the hash of what was delivered, so the names alone say what the data is.
    """
    found = sorted(keys)
    return f"data-{hashlib.sha256(json.dumps(found).encode()).hexdigest()[:12]}" if found else None


def dataset_version(s3: Any, uri: str) -> str | None:
    """The version of the accepted objects under `s3://bucket/prefix/`, or None if there are none."""
    return version_of(accepted_keys(s3, uri))
