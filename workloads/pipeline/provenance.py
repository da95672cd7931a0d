"""Whether a committed definition is that of the committed sources: their hashes, kept beside it.

Compiling needs an environment of 1 GB; comparing hashes needs nothing, so every test run can do it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

_HERE = Path(__file__).parent
#: All that decides a compiled definition: what it says, how it is built and put right, and the SDK's exact version. The
#: instance types that its parameters allow are compared with their table by a test of their own.
SOURCES = (
    "compiler.py",
    "definition.py",
    "finish.py",
    "graph.py",
    "harden.py",
    "offline.py",
    "requirements.lock",
    "steps.py",
    "tokens.py",
)


def hashes() -> dict[str, str]:
    """Source file -> SHA-256 of its content, as the files are now."""
    return {name: hashlib.sha256((_HERE / name).read_bytes()).hexdigest() for name in SOURCES}


def inputs_path(definition: Path) -> Path:
    """Where the hashes behind a definition are kept: `train.json` -> `train.inputs.json`."""
    return definition.with_suffix(".inputs.json")


def stale(definition: Path) -> list[str]:
    """Names of the sources that are not those the definition was compiled from; empty when it is current."""
    compiled_from: dict[str, str] = json.loads(inputs_path(definition).read_text(encoding="utf-8"))
    now = hashes()
    return sorted(name for name in compiled_from.keys() | now.keys() if compiled_from.get(name) != now.get(name))
