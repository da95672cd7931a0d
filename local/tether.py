"""Runs a command that must not outlive the process that started it: `tether.py PARENT_PID COMMAND...`.

A job has a process group of its own, so that it can be ended with its children; so whatever kills the runner's group (a
stopped emulator, Ctrl-C) would miss it. On Linux the kernel ends it with its parent (prctl(2), PR_SET_PDEATHSIG), which
survives the exec. Elsewhere it is only run. A script of its own, because code between fork and exec is not safe in a
process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tethered(*command: object) -> list[str]:
    """`command` as it has to be started in order not to outlive this process."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *map(str, command)]


if __name__ == "__main__":
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  (an argv of the pipeline, no shell)
