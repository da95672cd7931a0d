"""What a delivered file holds, as duckdb reads it: unpacked, text in UTF-8 with line ends of one kind."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts import encodings
from workloads.validation import integrity, packed
from workloads.validation.recoded import Recoded
from workloads.validation.verdict import FileFault, Finding, RefusedError

PARQUET_MAGIC: Final = b"PAR1"


@dataclass(frozen=True, kw_only=True)
class Content:
    """The file to be read, Parquet or else CSV, and what people should know of how it was made."""

    path: Path
    is_parquet: bool
    warnings: tuple[str, ...] = ()


def of(path: Path, scratch: Path, encoding: str | None = None) -> Content:
    """The content of the file at `path`, of which a text is in `encoding` where no byte order mark says another.

    What has to be written anew is written in one pass into `scratch`, which has to stay as long as the content is read.
    RefusedError.
    """
    pieces = packed.chunks(path)
    first = next(pieces, b"")
    if not first and not path.stat().st_size:
        text = "the file has 0 bytes; deliver it again with its rows"
        raise RefusedError(Finding(code=FileFault.EMPTY_FILE, text=text))
    is_parquet = first.startswith(PARQUET_MAGIC)
    is_packed = packed.kind(_head(path)) is not None
    pieces = itertools.chain([first], pieces)
    if is_parquet:
        return Content(path=packed.write(pieces, scratch / "content") if is_packed else path, is_parquet=True)
    integrity.refuse_binary(first)
    if path.suffix == ".parquet":
        text = f"the file is called .parquet but begins with {first[:4]!r} instead of {PARQUET_MAGIC!r}"
        raise RefusedError(Finding(code=FileFault.CORRUPT, text=f"{text}; deliver it again"))
    return _text(path, scratch, encoding, pieces, first, is_packed=is_packed)


def _text(
    path: Path, scratch: Path, declared: str | None, pieces: Iterator[bytes], first: bytes, *, is_packed: bool
) -> Content:
    """The content of a text, whose `pieces` begin with `first`."""
    found = encodings.of(first, declared)
    by_mark = encodings.by_mark(first)
    warnings: list[str] = []
    if by_mark is not None and by_mark != (encodings.plain(declared) if declared else encodings.UTF_8):
        said = f", not as the contract's encoding {declared} says" if declared else ""
        warnings.append(f"the file is {found} by its byte order mark{said}; write encoding: {found} into the contract")
    if found == encodings.UTF_8:
        integrity.refuse_zero_bytes(first)
        packed.check_unpacked(0 if is_packed else path.stat().st_size)
        content = packed.write(pieces, scratch / "content") if is_packed else path
    else:
        recoded = Recoded(pieces, found, of="by its byte order mark" if by_mark else "the contract's encoding")
        content = packed.write(iter(recoded), scratch / "content")
        if recoded.is_utf_8_too:
            known = f"the file is read as {found}, the contract's encoding, and all of its letters are UTF-8 too"
            warnings.append(f"{known}; if it is UTF-8 by now, remove the key: its umlauts are read as two letters each")
    integrity.refuse_foreign(_head(content))
    lines = integrity.one_line_end(content, scratch)
    if content not in (lines, path):
        content.unlink()  # the volume holds a text once more while it is judged
    return Content(path=lines, is_parquet=False, warnings=tuple(warnings))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64)
