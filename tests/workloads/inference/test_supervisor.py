"""What the supervisor of the workers does between two system calls, where a test of the whole service seldom comes.

The supervisor waits for every child of its process, so each test is a process of its own: one that another test left
would be met here.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

SUPERVISOR = """
import os, socket, subprocess, sys
from workloads.inference.settings import parse
from workloads.inference.supervisor import Supervisor

def ending(code):
    return subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"]).pid

settings = parse(["--model-dir", "/nowhere", "--workers", "2"])
supervisor = Supervisor(settings, socket.socket(), lambda *_: None, lambda _: None)
"""


def run(body: str) -> None:
    code = SUPERVISOR + textwrap.dedent(body)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("code", [0, 3])
def test_a_stop_while_a_worker_is_reaped_reaches_no_process_that_is_none_any_more(code: int) -> None:
    run(f"""
        pid, reap = ending({code}), os.waitpid
        supervisor.workers[pid] = 1

        def reaped_and_stopped(pid, options):
            found = reap(pid, options)
            supervisor._stop()  # what the handler of SIGTERM does, at the worst moment
            return found

        os.waitpid = reaped_and_stopped
        assert supervisor._ended() == (pid, 1, {code})
        assert supervisor.stopping
        assert supervisor.workers == {{}}
    """)


def test_an_orphan_that_the_container_hands_to_its_first_process_is_reaped_and_is_no_worker() -> None:
    run("""
        worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        supervisor.workers[worker.pid] = 1
        orphan = ending(7)
        os.waitid(os.P_PID, orphan, os.WEXITED | os.WNOWAIT)
        assert supervisor._ended(os.WNOHANG) is None
        assert supervisor.workers == {worker.pid: 1}
        worker.stdin.write(b"end\\n")
        worker.stdin.close()
        assert supervisor._ended() == (worker.pid, 1, 0)
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            sys.exit(0)
        sys.exit("the orphan was not reaped")
    """)
