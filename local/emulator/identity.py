"""Names the emulator and its clients agree on. Free of other imports, so that a client need not load moto."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
# 20 letters and digits, so that moto recognises it, and no prefix of AWS's, so that nobody takes it for a key.
ACCESS_KEY = "EMULATED000000000000"
SECRET_KEY = "emulated"  # noqa: S105  not a secret: the emulator checks no signature
# What an image has ready and a process here makes for itself, once: the compiled predictor, the list of fonts.
CACHE = {"XDG_CACHE_HOME": str(PROJECT_ROOT / ".local" / "cache")}
# Keeps the host's own profiles and instance roles out of every process that talks to the emulator.
NO_HOST_SETTINGS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
