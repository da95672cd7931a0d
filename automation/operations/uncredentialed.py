"""Processes that open what others made: the platform's own modules, with no credentials in their environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[2]
#: After so long a model does not come to an end.
SECONDS: Final = 1800


def run(module: str, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """`python -m module` with `given` as its input; whoever asks judges its code. subprocess.TimeoutExpired after
    SECONDS."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        input=given,
        cwd=_ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
