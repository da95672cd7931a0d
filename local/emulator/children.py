"""Starts processes that do not outlive the emulator, whatever ends it.

The kernel can end a child with its parent (`local/tether.py`), but takes the thread that started it for the
parent. So one thread that lives as long as the emulator starts them all; the threads that ask for them come and go.
"""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.tether import tethered


class Children:
    """The processes of an emulator."""

    def __init__(self) -> None:
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")

    def start(self, command: tuple[str, ...], **options: Any) -> subprocess.Popen[str]:
        """A process with text streams; `options` are Popen's."""
        return self._starter.submit(subprocess.Popen, tethered(*command), text=True, **options).result()
