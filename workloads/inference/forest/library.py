"""The compiled library: where it is, how it is built, and its functions with their types.

In the image it stands beside this file (the Dockerfile's first stage compiles it). On a machine with a C compiler
`python -m workloads.inference.forest.library` builds it into the user's cache, under the hash of its source, once.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

SOURCE = Path(__file__).with_name("forest.c")
#: In an image. `forest.so` would be imported in the place of forest.py: Python takes it for an extension module.
BESIDE = SOURCE.with_name("libforest.so")
#: Contraction is off because GCC fuses multiplications with additions where a processor can, as every arm64 one does:
#: one rounding less, and other bits than XGBoost's (GCC manual, "Options That Control Optimization", -ffp-contract).
FLAGS = ("-O3", "-std=gnu11", "-shared", "-fPIC", "-ffp-contract=off", "-fvisibility=hidden")
WARNINGS = ("-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror")


class LibraryError(Exception):
    """The library cannot be had: no compiler, or the compiler's own message."""


def source_hash() -> str:
    """The first 16 digits of the SHA-256 of source and flags: what a proof of equality was made with."""
    return hashlib.sha256(SOURCE.read_bytes() + " ".join(FLAGS).encode()).hexdigest()[:16]


def path() -> Path | None:
    """The library on this machine, or None: FOREST_LIBRARY, beside this file, or in the cache."""
    named = os.environ.get("FOREST_LIBRARY")
    candidates = [Path(named)] if named else [BESIDE, _cached()]
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def build(output: Path | None = None) -> Path:
    """Compile the library (about 2 s) to `output`, or into the cache if it is not there yet. Raises LibraryError.

    CC names the compiler, with arguments where it needs any: one for another processor may be named with an `output`.
    """
    target = output or _cached()
    if output is None and target.is_file():
        return target
    found = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), "")
    compiler = shlex.split(os.environ.get("CC") or found)
    if not compiler:
        raise LibraryError("no C compiler is found; install gcc or clang, or name one in CC")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as directory:
        made = Path(directory) / target.name
        argv = [*compiler, *FLAGS, "-o", str(made), str(SOURCE), "-lm"]
        result = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603 - our own source
        if result.returncode:
            raise LibraryError(f"{' '.join(argv)} failed:\n{result.stderr}")
        made.replace(target)  # in one step: another process may be building it too
    return target


@cache
def load(location: Path) -> SimpleNamespace:
    """The library's functions, typed. Raises OSError if it is not for this machine."""
    library, locked = ctypes.CDLL(str(location)), ctypes.PyDLL(str(location))
    functions: dict[str, Any] = {}
    pointer, integer, long = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
    signatures = {
        "forest_open": (pointer, [ctypes.c_char_p, long, integer, ctypes.c_char_p, integer]),
        "forest_close": (None, [pointer]),
        "forest_features": (integer, [pointer]),
        "forest_outputs": (integer, [pointer]),
        "forest_kernel": (integer, [pointer]),
        "forest_predict": (integer, [pointer, pointer, long, pointer]),
        "forest_score": (ctypes.c_float, [pointer, ctypes.c_char_p]),
        "forest_check": (long, [pointer]),
        "forest_contribute": (integer, [pointer, pointer, long, pointer]),
    }
    for name, (result, arguments) in signatures.items():
        # One row takes microseconds: let Python's lock go for it, and a thread with a batch has it for milliseconds.
        functions[name] = getattr(locked if name == "forest_score" else library, name)
        functions[name].restype, functions[name].argtypes = result, arguments
    return SimpleNamespace(**functions)


def _cached() -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "ml-platform" / f"forest-{source_hash()}-{platform.machine()}.so"


if __name__ == "__main__":
    try:
        print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else None))  # noqa: T201
    except LibraryError as error:
        sys.exit(str(error))
