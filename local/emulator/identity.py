"""Names the emulator and its clients agree on. Free of other imports, so that a client need not load moto."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
# Shaped like a key, so that moto recognises it; worth nothing anywhere.
ACCESS_KEY = "AKIAEMULATED00000000"  # gitleaks:allow  # pragma: allowlist secret
SECRET_KEY = "emulated"  # noqa: S105  not a secret: the emulator checks no signature
# Keeps the host's own profiles and instance roles out of every process that talks to the emulator.
NO_HOST_SETTINGS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
