"""What the supervisor of the workers does between two system calls, where a test of the whole service seldom comes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from workloads.inference.settings import parse
from workloads.inference.supervisor import Supervisor


@pytest.mark.parametrize("code", [0, 3])
def test_a_stop_while_a_worker_is_reaped_reaches_no_process_that_is_none_any_more(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    settings = parse(["--model-dir", "/nowhere", "--workers", "2"])
    with socket.socket() as listener:
        supervisor = Supervisor(settings, listener, lambda *_: None, lambda _: None)
        ending = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
        supervisor.workers[ending.pid] = 1
        reap = os.waitpid

        def reaped_and_stopped(pid: int, options: int) -> tuple[int, int]:
            found = reap(pid, options)
            supervisor._stop()  # what the handler of SIGTERM does, at the worst moment
            return found

        monkeypatch.setattr(os, "waitpid", reaped_and_stopped)
        assert supervisor._ended() == (ending.pid, 1, code)
    assert supervisor.stopping
    assert supervisor.workers == {}
    ending.returncode = code
