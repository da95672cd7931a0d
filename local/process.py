"""How the processes of the local run, which hold a million long-lived objects of AWS's models, are kept quick."""

from __future__ import annotations

import functools
import gc
from typing import Any


def collect_rarely() -> None:
    """Look for garbage a tenth as often as Python does, and hardly ever among old objects.

    The old ones are classes and API models, which live to the end: to walk them again and again took half of the time
    of a run of the program (measured; memory grows by a tenth).
    """
    gc.set_threshold(10_000, 50, 1_000)


def read_models_once() -> None:
    """Have all sessions of botocore in this process share what they read of the files that describe AWS.

    By itself each session reads and keeps its own copy, and moto makes three as it is imported: a client of a new
    session takes 10 ms with shared ones and 60 to 140 without, and the emulator starts in two thirds of the time.
    """
    import botocore.session

    botocore.session.create_loader = _loader


def _loader(search_path_string: str | None = None) -> Any:
    """A session's own loader, for boto3 adds a path to it; what loaders of the same path have read is one's."""
    from botocore.loaders import create_loader

    made: Any = create_loader(search_path_string)
    made._cache = _read(search_path_string)
    return made


@functools.cache
def _read(_search_path: str | None) -> dict[Any, Any]:
    return {}
