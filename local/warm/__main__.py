"""The pool's process: `python -m local.warm LISTENER`, the number of an inherited listening socket.

A caller sends one request, with the three standard streams of the job attached, and is sent the job's process id at its
start and its exit code at its end. Whoever hangs up ends the job.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import struct
import sys
import tempfile
from dataclasses import dataclass
from typing import Any

from local.tether import PR_SET_PDEATHSIG

#: What the jobs of the platform import (pyproject.toml, group training), down to the parts they use; duckdb apart,
#: which fills the log of every job that ends without its use (see workloads.job.leave) and loads quickly.
LIBRARIES = (
    "boto3",
    "jinja2",
    "matplotlib.figure",
    "msgspec",
    "narwhals",
    "numpy",
    "pyarrow.parquet",
    "scipy.stats",
    "sklearn.metrics",
    "xgboost",
)
_MAXIMUM_REQUEST = 1 << 20  # bytes; the kernel takes some 200 KB in one message
_STREAMS = 3


@dataclass(frozen=True, kw_only=True)
class Request:
    """A job to become: a module with its arguments, and the three streams, as file descriptors."""

    module: str
    arguments: list[str]
    cwd: str
    env: dict[str, str]
    streams: list[int]


class Pool:
    """Accepts requests and follows the jobs. One thread, so that a fork copies no lock that another one holds."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._callers: dict[int, socket.socket] = {}  # of the jobs that run, by process id

    def serve(self) -> Request:
        """Serve for ever; this returns in each job, which has nothing of the pool's any more but its libraries."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    if request := self._accept():
                        return request
                elif isinstance(key.fileobj, socket.socket):
                    self._hung_up(key.fileobj, key.data)
                else:
                    self._ended(key.fd, key.data)

    def _accept(self) -> Request | None:
        caller, _ = self._listener.accept()
        if _user(caller) != os.getuid():
            caller.close()
            return None
        message, streams, *_ = socket.recv_fds(caller, _MAXIMUM_REQUEST, _STREAMS)
        pid = os.fork()
        if not pid:
            self._detach(caller)
            return Request(**json.loads(message), streams=streams)
        for stream in streams:
            os.close(stream)
        self._callers[pid] = caller
        self._selector.register(caller, selectors.EVENT_READ, pid)
        self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
        return None

    def _hung_up(self, caller: socket.socket, pid: int) -> None:
        self._selector.unregister(caller)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)

    def _ended(self, pidfd: int, pid: int) -> None:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self._selector.unregister(pidfd)
        os.close(pidfd)
        caller = self._callers.pop(pid)
        with contextlib.suppress(KeyError):  # unregistered when it hung up
            self._selector.unregister(caller)
        with caller, contextlib.suppress(OSError):
            caller.send(str(code).encode())

    def _detach(self, caller: socket.socket) -> None:
        """In a new job: be the head of a session, end with the pool, say so, and let go of all that is the pool's."""
        os.setsid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        caller.send(str(os.getpid()).encode())
        caller.close()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close() if isinstance(key.fileobj, socket.socket) else os.close(key.fd)
        for other in self._callers.values():
            other.close()
        self._selector.close()


def _user(caller: socket.socket) -> int:
    """The user id of the process at the other end (unix(7), SO_PEERCRED): an abstract address has no owner."""
    credentials = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", credentials)[1]


def _become(request: Request) -> None:
    """Make this process what `python -m module arguments...` would be."""
    for number, stream in enumerate(request.streams):
        os.dup2(stream, number)
        os.close(stream)
    for output in (sys.stdout, sys.stderr):
        _line_buffered(output)
    os.chdir(request.cwd)
    os.environ.clear()
    os.environ.update(request.env)
    tempfile.tempdir = None  # where TMPDIR says, which is the job's
    paths = request.env.get("PYTHONPATH", "")
    sys.path[:1] = [request.cwd, *filter(None, paths.split(os.pathsep))]
    sys.argv = [request.module, *request.arguments]


def _line_buffered(output: Any) -> None:
    output.reconfigure(line_buffering=True)


def main() -> None:
    """Serve; in each job, run its module to its end."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()  # nobody collects what all jobs share
    request = Pool(listener).serve()
    _become(request)
    runpy.run_module(request.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
