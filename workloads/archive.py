"""The archive of a model, `model.tar.gz`, unpacked without trust in it.

Regular files and directories are all that a training job packs. `extractall(filter="data")` would do, but 3.11 has it
from 3.11.4 only, and Debian 12 brings 3.11.2.
"""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

#: What a model may be unpacked to: the largest volume that a job or an endpoint of the platform has is 30 GB.
MAX_BYTES = 8 * 1024**3


class ArchiveMemberError(tarfile.TarError):
    """A member that is neither file nor directory, lies outside, or is too large; the message names it."""


def unpack(archive: Path, directory: Path) -> None:
    """Write the files of an archive under `directory`, which is made.

    Raises ArchiveMemberError before anything is written, and tarfile.TarError for what is no archive, or no whole one.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with _opened(archive) as packed:
        _unpack(packed, directory.resolve())


def listed(archive: Path) -> list[Path]:
    """Where `unpack` would write, below its directory: files and directories. Nothing is written; raises as it does."""
    inside = Path("/nowhere")
    with _opened(archive) as packed:
        return [target.relative_to(inside) for _, target in _members(packed, inside)]


@contextmanager
def _opened(archive: Path) -> Generator[tarfile.TarFile]:
    try:
        with tarfile.open(archive) as packed:
            yield packed
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:  # tarfile lets them through behind the first header
        raise tarfile.ReadError(f"it is cut off or damaged: {error}") from error


def _members(packed: tarfile.TarFile, inside: Path) -> list[tuple[tarfile.TarInfo, Path]]:
    """All of them, each with its place."""
    members: list[tuple[tarfile.TarInfo, Path]] = []
    size = 0
    for member in packed:
        size += member.size
        if size > MAX_BYTES:
            raise ArchiveMemberError(
                f"{member.name!r}: found {size} bytes up to here; allowed: {MAX_BYTES} in all; pack fewer"
            )
        members.append((member, _target(member, inside)))
    return members


def _unpack(packed: tarfile.TarFile, inside: Path) -> None:
    for member, target in _members(packed, inside):
        content = packed.extractfile(member)
        if content is None:
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with content, target.open("wb") as file:
            shutil.copyfileobj(content, file)


def _target(member: tarfile.TarInfo, inside: Path) -> Path:
    target = (inside / member.name).resolve()
    if not (member.isfile() or member.isdir()) or not target.is_relative_to(inside):
        raise ArchiveMemberError(
            f"{member.name!r}: found {'a link' if member.issym() or member.islnk() else 'a path or device'}; allowed: "
            "files and directories inside the archive; pack it anew"
        )
    return target
