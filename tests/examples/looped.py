"""The loop over an example, as a person starts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def looped(home: Path, *arguments: str) -> str:
    """What `python -m local up` with these arguments prints; it has to end well."""
    command = [sys.executable, "-m", "local", "up", *arguments, "--home", str(home)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def judged(home: Path, stack: str, file: Path, *arguments: str) -> str:
    """The same of a stack file by strict policies: in strict there are no advisories, each would stop a deployment."""
    text = looped(home, "--stack", stack, "--levels", "strict", "--config-file", str(file), *arguments)
    assert ": 0 advisories" in text
    return text
