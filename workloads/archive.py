"""The archive of a model, `model.tar.gz`, unpacked without trust in it.

Regular files and directories are all that a training job packs. `extractall(filter="data")` would do, but 3.11 has it
from 3.11.4 only, and Debian 12 brings 3.11.2.
"""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
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
    try:
        with tarfile.open(archive) as packed:
            _unpack(packed, directory.resolve())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:  # tarfile lets them through behind the first header
        raise tarfile.ReadError(f"it is cut off or damaged: {error}") from error


def _unpack(packed: tarfile.TarFile, inside: Path) -> None:
    members: list[tuple[tarfile.TarInfo, Path]] = []
    size = 0
    for member in packed:
        size += member.size
        if size > MAX_BYTES:
            raise ArchiveMemberError(
                f"{member.name!r}: found {size} bytes up to here; allowed: {MAX_BYTES} in all; pack fewer"
            )
        members.append((member, _target(member, inside)))
    for member, target in members:
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
