"""Whether the bins of a data set are held in memory, or in files that are read a page at a time.

XGBoost documentation, "Using XGBoost External Memory Version": a page is a row group here. It is the same model, in as
much time so long as the system has the pages cached.
"""

from __future__ import annotations

import logging
import resource
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from workloads.inference import memory

_log = logging.getLogger(__name__)
#: Bytes of memory a value while a matrix of bins is built and trained on (measured: 6 million x 20, 10.9).
BYTES: Final = 11
#: As much of what is free may be filled: what others on the machine take meanwhile is unknown.
SHARE: Final = 0.5


def cache(scratch: Path, values: int, free: int | None) -> Path | None:
    """A new, empty directory for the pages of so many values; None where `free` bytes of memory hold them."""
    shutil.rmtree(scratch, ignore_errors=True)
    if free is None or values * BYTES <= free * SHARE:
        return None
    _log.info("bins lie in files", extra={"values": values, "free-bytes": free})
    scratch.mkdir(parents=True)
    return scratch


def at_once(most: int, size: int, free: int | None) -> int:
    """How many pieces of `size` bytes may be held at one time: at most as many, one at least."""
    return most if free is None else max(1, min(most, int(free * SHARE) // max(1, size)))


def free() -> int | None:
    """Bytes of memory that this process may still take; None if nobody knows."""
    found: list[int] = []
    if (known := memory.read()) is not None:
        found.append(known.limit - known.used)
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if limit != resource.RLIM_INFINITY:
        found.append(limit - resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    return max(0, min(found)) if found else None


def rows(files: Iterable[Path]) -> int:
    """Of Parquet files, by what they say of themselves."""
    return sum(pq.read_metadata(file).num_rows for file in files)
