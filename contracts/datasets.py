"""What the accepted data of a workload is, as a whole. Standard library only: zipped into a Lambda."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def dataset_version(s3: Any, uri: str) -> str | None:
    """`data-<12 hex digits>` over the accepted objects under `s3://bucket/prefix/`, or None if there are none.

    An accepted object is named by the hash of what was delivered, so the names alone say what the data is.
    """
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = sorted(item["Key"] for page in pages for item in page.get("Contents", []))
    return f"data-{hashlib.sha256(json.dumps(keys).encode()).hexdigest()[:12]}" if keys else None
