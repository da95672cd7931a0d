"""The directory of a stack's run: one run at a time works in it, and nothing in it is removed but what runs made."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from local.loop import LoopError

#: Held by the command at work, and the sign of a directory that runs may clear.
LOCK = "lock"
RECORD = "emulator.json"
REPORT = "report.html"
#: What a run leaves, and the next one removes: all but the report, which it replaces when it has one of its own.
_CLEARED = ("beneath", "emulator", RECORD, "report.new", "run", "state.json", "state.new")
MADE = (*_CLEARED, REPORT)
_KEPT = (LOCK, "synth.json")


@contextmanager
def occupied(home: Path) -> Generator[None]:
    """Hold `home`, made where there is none, against every other command that changes it.

    Raises LoopError when another one is at work in it, or when it is a directory with somebody else's files. The system
    lets go of it with the process, however that ends.
    """
    _refuse_foreign(home)
    home.mkdir(parents=True, exist_ok=True)
    with (home / LOCK).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise LoopError(
                f"--home: {home} is in use by process {file.read().strip() or '?'}; wait for its end, or give "
                "another --home"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def clear(home: Path) -> None:
    """Remove what former runs left, except their report."""
    for path in (home / name for name in _CLEARED):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def refuse_inside(home: Path, option: str, file: Path) -> None:
    """LoopError when `file` is among what a run removes before it reads anything."""
    if any(file.resolve().is_relative_to(home / name) for name in MADE):
        raise LoopError(f"{option}: {file} is in {home}, which a run clears first; copy it to another place")


def _refuse_foreign(home: Path) -> None:
    if not home.is_dir():
        return
    found = {path.name for path in home.iterdir()}
    foreign = sorted(found - {*MADE, *_KEPT})
    if foreign and LOCK not in found:
        shown = ", ".join(foreign[:5]) + (f" and {len(foreign) - 5} more" if len(foreign) > 5 else "")
        raise LoopError(
            f"--home: {home} holds {shown}, which no local run made; a run keeps its files in a directory of its own: "
            "give a new or an empty one"
        )
