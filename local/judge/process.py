"""The process of a policy pack, started as the Pulumi engine's language host starts it.

`python -u -m pulumi.policy <engine address> <pack>` runs in the pack's directory, and the first line it prints is the
port of its analyzer (pulumi-language-python, RunPlugin).
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local.tether import tethered

START_SECONDS = 300.0


class PolicyPackError(RuntimeError):
    """The pack does not start, refuses its configuration, or fails a call; the message says which."""


class PackProcess:
    """A pack that is starting, or has started; it ends with `end`, or with this process."""

    def __init__(self, pack: Path, environment: Mapping[str, str]) -> None:
        self._pack = pack
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - end() closes it
        # The engine's address is never contacted by a Python pack; any will do.
        self._process = subprocess.Popen(
            tethered(sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", pack),
            cwd=pack,
            env=os.environ | dict(environment),
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,  # Ctrl-C in the terminal is its owner's to answer
        )

    def port(self) -> int:
        """Wait for the port that it listens on. Raises PolicyPackError with what it printed instead."""
        line = self._first_line()
        if line.strip().isdigit():
            return int(line)
        self._process.kill()
        self._process.wait()
        self._errors.seek(0)
        raise PolicyPackError(
            f"the policy pack {self._pack} did not start: its first line must be a port and was {line!r}. "
            f"It printed: {self._errors.read().strip() or 'nothing'}"
        )

    def end(self) -> None:
        """End it, gracefully first."""
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def _first_line(self) -> str:
        """The first line of standard output, empty when the process ended or said nothing in time."""
        if self._process.stdout is None:
            return ""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            return self._process.stdout.readline() if selector.select(START_SECONDS) else ""
