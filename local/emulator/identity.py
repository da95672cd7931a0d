"""Names the emulator and its clients agree on. Free of other imports, so that a client need not load moto."""

from __future__ import annotations

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
ACCESS_KEY = "AKIAEMULATED00000000"  # shaped like a key, so that moto recognises it; worth nothing anywhere
SECRET_KEY = "emulated"  # noqa: S105  not a secret: the emulator checks no signature
