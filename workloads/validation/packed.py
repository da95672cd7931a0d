"""The content of a delivered file that is compressed (`workloads.unpacking`), with what is wrong with it as a verdict.

duckdb, which reads gzip and zstd itself, verifies neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workloads import unpacking
from workloads.unpacking import CHUNK_BYTES as CHUNK_BYTES
from workloads.unpacking import PackedError, kind, write
from workloads.validation.verdict import FileFault, Finding, RefusedError

MAX_UNPACKED_BYTES = unpacking.MAX_BYTES
MAX_VALUES = unpacking.MAX_VALUES
#: What one page of a Parquet file may stand for. Readers make all of a page at once, where most writers end one after a
#: megabyte, and a job whose machine has 8 GB makes one of each column.
MAX_PAGE_BYTES = 1024**3


def chunks(path: Path) -> Iterator[bytes]:
    """The content of a file, plain or compressed, by the rules of `unpacking.pieces`. RefusedError for its errors."""
    try:
        yield from unpacking.pieces(path, MAX_UNPACKED_BYTES)
    except PackedError as error:
        raise _refused(error) from error


def unpack(path: Path, scratch: Path) -> Path:
    """The content of a file as a file: itself, or a new one in `scratch`. RefusedError as of `chunks`."""
    with path.open("rb") as file:
        name = kind(file.read(4))
    return path if name is None else write(chunks(path), scratch / "unpacked")


def check_unpacked(size: int) -> None:
    """RefusedError where a file holds more bytes, unpacked, than one may."""
    try:
        unpacking.check_size(size, MAX_UNPACKED_BYTES)
    except PackedError as error:
        raise _refused(error) from error


def check_page(size: int) -> None:
    """RefusedError where a page of a Parquet file stands for more bytes than one may."""
    if size > MAX_PAGE_BYTES:
        allowed = f"{MAX_PAGE_BYTES} bytes ({MAX_PAGE_BYTES / 1024**3:g} GiB)"
        text = f"a page of the Parquet file stands for {size} bytes, at most {allowed} are allowed; write smaller pages"
        raise RefusedError(Finding(code=FileFault.TOO_LARGE, text=text))


def check_values(values: int) -> None:
    """RefusedError where a Parquet file has more values than one may."""
    try:
        unpacking.check_values(values, MAX_VALUES)
    except PackedError as error:
        raise _refused(error) from error


def damaged(name: str, what: str) -> RefusedError:
    """A file of a kind that does not hold what it says, as a refusal."""
    return _refused(unpacking.damaged(name, what))


def _refused(error: PackedError) -> RefusedError:
    code = FileFault.TOO_LARGE if error.is_too_large else FileFault.CORRUPT
    return RefusedError(Finding(code=code, text=str(error)))
