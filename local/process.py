"""How the processes of the local run, which hold a million long-lived objects of AWS's models, are kept quick."""

from __future__ import annotations

import functools
import gc
from typing import Any


def collect_rarely() -> None:
    """Look for garbage after a million new objects, where Python does after 700, and hardly ever among old ones.

    Nearly all of them live to the end: classes, API models, the resources of a program. To walk them again and again
    took half of the time of a run of the program, and a fifth still when it was done after 10,000 (measured; memory
    grows by less than a tenth).
    """
    gc.set_threshold(1_000_000, 50, 1_000)


def read_models_once() -> None:
    """Have all sessions of botocore in this process share what they read of the files that describe AWS.

    By itself each session reads and keeps its own copy, and moto makes three as it is imported: a client of a new
    session takes 10 ms with shared ones and 60 to 140 without, and the emulator starts in two thirds of the time.
    """
    import botocore.session

    botocore.session.create_loader = _loader


def trace_no_resources() -> None:
    """Have the SDK of Pulumi not walk the stack for each resource to say where the program makes it.

    The engine passes that on to tools. Here is no engine, and it took a tenth of a run of the program (measured).
    """
    from pulumi.runtime import resource
    from pulumi.runtime.proto import source_pb2

    resource._get_stack_trace = source_pb2.StackTrace


def _loader(search_path_string: str | None = None) -> Any:
    """A session's own loader, for boto3 adds a path to it; what loaders of the same path have read is one's."""
    from botocore.loaders import create_loader

    made: Any = create_loader(search_path_string)
    made._cache = _read(search_path_string)
    return made


@functools.cache
def _read(_search_path: str | None) -> dict[Any, Any]:
    return {}
