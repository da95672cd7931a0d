"""The content of a delivered file that is compressed: verified to its end, and never more than a file may hold.

gzip (RFC 1952) has a checksum and a length in every member. Zstandard (RFC 8878) has a checksum in a frame where its
writer made one (the `zstd` program does by default), and the structure of the blocks in any case. Several members or
frames in one file are one content. duckdb verifies neither.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from workloads.validation.verdict import FileFault, Finding, RefusedError

#: What one file may be unpacked to. The job's volume has 30 GB and holds content, tables and both outcomes at once; and
#: of a stream of one byte gzip makes 1,032 bytes, so that without a bound a small file fills any disk.
MAX_UNPACKED_BYTES = 8 * 1024**3
CHUNK_BYTES: Final = 1 << 20
GZIP: Final = "gzip"
ZSTD: Final = "zstd"
#: First bytes of a gzip member, of a frame of Zstandard, and of the frames that a reader skips (pzstd begins with one).
_MAGIC: Final = (
    (b"\x1f\x8b", GZIP),
    (b"\x28\xb5\x2f\xfd", ZSTD),
    *((bytes([first]) + b"\x2a\x4d\x18", ZSTD) for first in range(0x50, 0x60)),
)


def kind(head: bytes) -> str | None:
    """How a file is compressed that begins with `head` (4 bytes at least); None if it is not."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def chunks(path: Path) -> Iterator[bytes]:
    """The content of a file, plain or compressed, in pieces of CHUNK_BYTES, the last one shorter.

    A compressed one is verified by the time that it has ended. Zero bytes after the last member of gzip, the padding of
    tapes and block devices, are no fault; other bytes are. RefusedError for what is damaged, cut off, compressed twice
    or larger than MAX_UNPACKED_BYTES.
    """
    with path.open("rb") as file:
        name = kind(file.read(4))
    if name is None:
        yield from _plain(path)
        return
    size = 0
    for chunk in _UNPACK[name](path):
        if not size and (inner := kind(chunk)):
            held = f"another {inner}" if inner == name else f"a {inner}"
            text = f"the {name} file holds {held} file; deliver it compressed once"
            raise RefusedError(Finding(code=FileFault.CORRUPT, text=text))
        size += len(chunk)
        check_unpacked(size)
        yield chunk


def unpack(path: Path, scratch: Path) -> Path:
    """The content of a file as a file: itself, or a new one in `scratch`. RefusedError as of `chunks`."""
    with path.open("rb") as file:
        name = kind(file.read(4))
    return path if name is None else write(chunks(path), scratch / "unpacked")


def write(pieces: Iterator[bytes], target: Path) -> Path:
    """`pieces` as the file `target`."""
    with target.open("wb") as sink:
        for piece in pieces:
            sink.write(piece)
    return target


def check_unpacked(size: int) -> None:
    """RefusedError where a file is unpacked to more bytes than one may hold."""
    if size > MAX_UNPACKED_BYTES:
        allowed = f"{MAX_UNPACKED_BYTES} bytes ({MAX_UNPACKED_BYTES / 1024**3:g} GiB)"
        text = f"the file unpacks to more than {allowed}, which is the most allowed; deliver its rows in several files"
        raise RefusedError(Finding(code=FileFault.TOO_LARGE, text=text))


def damaged(name: str, what: str) -> RefusedError:
    """A file of a kind that does not hold what it says, as a refusal."""
    text = f"the {name} file is cut off or damaged ({what}); deliver it again"
    return RefusedError(Finding(code=FileFault.CORRUPT, text=text))


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _gzip(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) as source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(GZIP, str(error).partition(" 0x")[0].partition(" (b'")[0]) from error


def _zstd(path: Path) -> Iterator[bytes]:
    """By the codec in pyarrow, which takes windows of up to 128 MiB, as much as `zstd -d` does untold."""
    try:
        with pa.OSFile(str(path)) as file, pa.CompressedInputStream(file, ZSTD) as source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        if error.errno is not None:  # of the machine
            raise
        what = str(error).removeprefix("ZSTD decompress failed: ")
        if "too much memory" in what:
            text = "the zstd file needs a window of more than 128 MiB; deliver it compressed without --long or --ultra"
            raise RefusedError(Finding(code=FileFault.TOO_LARGE, text=text)) from error
        raise damaged(ZSTD, what) from error


_UNPACK: Final[dict[str, Callable[[Path], Iterator[bytes]]]] = {GZIP: _gzip, ZSTD: _zstd}
