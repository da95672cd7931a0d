"""Starts processes that do not outlive the emulator, whatever ends it.

The kernel can end a child with its parent (`local/executor/tether.py`), but takes the thread that started it for the
parent. So one thread that lives as long as the emulator starts them all; the threads that ask for them come and go.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.emulator.identity import PROJECT_ROOT

_TETHER = PROJECT_ROOT / "local" / "executor" / "tether.py"


class Children:
    """The processes of an emulator."""

    def __init__(self) -> None:
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")

    def start(self, command: tuple[str, ...], **options: Any) -> subprocess.Popen[str]:
        """A process with text streams; `options` are Popen's."""
        tethered = [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *command]
        return self._starter.submit(subprocess.Popen, tethered, text=True, **options).result()
