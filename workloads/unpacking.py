"""Files in gzip and zstd: told by their first bytes, read to their end, verified. One reader for all that take files.

gzip (RFC 1952) has a checksum and a length in every member. Zstandard (RFC 8878) has a checksum in a frame where its
writer made one (the `zstd` program does by default), and the structure of the blocks in any case. Several members or
frames in one file are one content.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Final

#: What one file may hold, unpacked. A job's volume has 30 GB, and validation holds the file, its text twice and judged
#: rows on it at once: where every cell is faulty, up to 6.5 bytes for each of the file, which a test measures. And of a
#: stream of one byte gzip makes 1,032 bytes, so that without a bound a small file fills any disk.
MAX_BYTES: Final = 4 * 1024**3
#: Values, nulls too, that one Parquet file may have in the columns that are read: as many as a CSV of MAX_BYTES has at
#: the most, of which each takes a delimiter or a line end. A run of equal ones takes no bytes, so that without a bound
#: a file of some kilobytes keeps a job busy for days.
MAX_VALUES: Final = MAX_BYTES
CHUNK_BYTES: Final = 1 << 20
GZIP: Final = "gzip"
ZSTD: Final = "zstd"
#: First bytes of a gzip member, of a frame of Zstandard, and of the frames that a reader skips (pzstd begins with one).
_MAGIC: Final = (
    (b"\x1f\x8b", GZIP),
    (b"\x28\xb5\x2f\xfd", ZSTD),
    *((bytes([first]) + b"\x2a\x4d\x18", ZSTD) for first in range(0x50, 0x60)),
)


class PackedError(ValueError):
    """A compressed file that is not what it says, or `is_too_large`: what was found, and what to do."""

    def __init__(self, text: str, *, is_too_large: bool = False) -> None:
        super().__init__(text)
        self.is_too_large = is_too_large


def kind(head: bytes) -> str | None:
    """How a file is compressed that begins with `head` (4 bytes at least); None if it is not."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def pieces(path: Path, most: int = MAX_BYTES) -> Generator[bytes]:
    """The content of a file, plain or compressed, in pieces of at most CHUNK_BYTES.

    A compressed one is verified by the time that it has ended. Zero bytes after the last member of gzip, the padding of
    tapes and block devices, are no fault; other bytes are. PackedError for what is damaged, cut off, compressed twice,
    larger than `most` bytes, or not to be unpacked here.
    """
    with path.open("rb") as file:
        name = kind(file.read(4))
    if name is None:
        yield from _plain(path)
        return
    size = 0
    for piece in _UNPACK[name](path):
        if not size and (inner := kind(piece)):
            held = f"another {inner}" if inner == name else f"a {inner}"
            raise PackedError(f"the {name} file holds {held} file; deliver it compressed once")
        size += len(piece)
        check_size(size, most)
        yield piece


def unpacked(path: Path, scratch: Path) -> Path:
    """The content of a file as a file: itself, or a new one in `scratch`. PackedError as of `pieces`."""
    with path.open("rb") as file:
        name = kind(file.read(4))
    return path if name is None else write(pieces(path), scratch / "unpacked")


def write(content: Iterator[bytes], target: Path) -> Path:
    """`content` in pieces as the file `target`."""
    with target.open("wb") as sink:
        for piece in content:
            sink.write(piece)
    return target


def check_size(size: int, most: int) -> None:
    """PackedError where a file holds more than `most` bytes, unpacked."""
    if size > most:
        allowed = f"{most} bytes ({most / 1024**3:g} GiB)"
        text = f"the file holds more than {allowed}, which is the most allowed; deliver its rows in several files"
        raise PackedError(text, is_too_large=True)


def check_values(values: int, most: int) -> None:
    """PackedError where a Parquet file has more than `most` values in the columns that are read."""
    if values > most:
        found = f"the columns of the file that are read have more than {most} values, nulls too"
        raise PackedError(f"{found}, which is the most allowed; deliver its rows in several files", is_too_large=True)


def damaged(name: str, what: str) -> PackedError:
    """A file of the format `name` that does not hold what it says."""
    return PackedError(f"the {name} file is cut off or damaged ({what}); deliver it again")


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            yield piece


def _gzip(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) as source:
            while piece := source.read(CHUNK_BYTES):
                yield piece
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(GZIP, str(error).partition(" 0x")[0].partition(" (b'")[0]) from error


def _zstd(path: Path) -> Iterator[bytes]:
    """By the codec in pyarrow, which takes windows of up to 128 MiB, as much as `zstd -d` does untold."""
    try:
        import pyarrow as pa
    except ImportError:
        text = "zstd needs pyarrow, which is not installed here; unpack it, or use gzip"
        raise PackedError(text) from None
    try:
        with pa.OSFile(str(path)) as file, pa.CompressedInputStream(file, ZSTD) as source:
            while piece := source.read(CHUNK_BYTES):
                yield piece
    except OSError as error:
        if error.errno is not None:  # of the machine
            raise
        what = str(error).removeprefix("ZSTD decompress failed: ")
        if "too much memory" in what:
            text = "the zstd file needs a window of more than 128 MiB; deliver it compressed without --long or --ultra"
            raise PackedError(text, is_too_large=True) from error
        raise damaged(ZSTD, what) from error


_UNPACK: Final[dict[str, Callable[[Path], Iterator[bytes]]]] = {GZIP: _gzip, ZSTD: _zstd}
