"""A full disk reaches a run as something else: a job's exit code, a server that does not start, a nameless error."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

#: What the system says where nothing more can be written: the disk, the user's quota.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
#: Less than this is full: a run writes about 12 MB, the largest file of it 2 MB (measured).
LEAST_FREE_BYTES = 8 * 1024 * 1024


def write(path: Path, text: str) -> None:
    """Write a file. Unlike that of `Path.write_text`, the OSError of a write that fails names the file."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def told(places: Iterable[Path]) -> str:
    """A line for each place on a full disk, with what is free there and what to do; empty where there is room."""
    return "".join(
        f"\n{place}: its disk has {free // 1024} kB free, and a run needs about 12 MB; make room, or name another "
        "place with --home (files of the run) and TMPDIR (files of its jobs)"
        for place in dict.fromkeys(places)
        if (free := shutil.disk_usage(_existing(place)).free) < LEAST_FREE_BYTES
    )


def places(home: Path) -> list[Path]:
    """Where a run writes; not by `tempfile.gettempdir`, which fails where it cannot write."""
    return [home, Path(os.environ.get("TMPDIR", "/tmp"))]  # noqa: S108 - the usual place, only looked at


def _existing(place: Path) -> Path:
    return next(path for path in (place, *place.absolute().parents) if path.exists())
