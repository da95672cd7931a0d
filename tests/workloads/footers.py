"""Every bit of a Parquet file's footer turned over, for each reader: a process of its own, which pyarrow may end.

Prints by reader how many of the files it took and refused; whatever else a reader raises ends it with that.
"""

from __future__ import annotations

import io
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from contracts import loader
from workloads.inference import columnar
from workloads.inference.errors import Refused
from workloads.inference.reader import Reader
from workloads.validation import chunks, source
from workloads.validation.verdict import RefusedError

READER = Reader(loader.load(Path("contracts/churn.yaml")), max_rows=100)
ROWS = pa.table({"support_tickets": [1, None, 3], "customer_id": ["C1", "C2", None]})


def footers() -> Iterator[bytes]:
    sink = io.BytesIO()
    pq.write_table(ROWS, sink, store_schema=False)
    content = sink.getvalue()
    size = int.from_bytes(content[-8:-4], "little")
    for place in range(8 * (len(content) - 8 - size), 8 * len(content)):
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        yield bytes(damaged)


def validation(content: bytes) -> None:
    path = Path(sys.argv[1])
    path.write_bytes(content)
    names = source.parquet_names(path)
    chunks.verify(path, [name for name in names if names.count(name) == 1])


def service(content: bytes) -> None:
    columnar.read(content, READER)


def main() -> None:
    logging.disable()  # names that damage made are warned of
    readers: tuple[Callable[[bytes], None], ...] = (validation, service)
    for reader in readers:
        found: Counter[str] = Counter()
        for content in footers():
            try:
                reader(content)
            except (RefusedError, Refused):
                found["refused"] += 1
            else:
                found["taken"] += 1
        print(reader.__name__, found["taken"], found["refused"])


if __name__ == "__main__":
    main()
