"""The processes of jobs: each a container's command line with the environment, directory and files it is given.

To load scikit-learn, XGBoost and Matplotlib takes longer than to train on some thousand rows with them (measured:
2.7 of 4.5 s). A warm emulator has a process that has them loaded and becomes each job by a fork, multiprocessing's
forkserver; SageMaker keeps instances warm between jobs for the same reason (developer guide, "SageMaker AI managed warm
pools"). Only libraries are loaded ahead, nothing of what the jobs run: what is edited while an emulator is kept counts
at once. Linux only: elsewhere a fork is not safe once system libraries run (Python library, multiprocessing, "Contexts
and start methods").
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import io
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from multiprocessing import connection, forkserver, resource_tracker
from pathlib import Path
from socket import socket
from typing import IO, Any

from local.emulator.children import Children
from local.tether import PR_SET_PDEATHSIG

#: What the libraries are loaded with, as the training step of the pipeline asks (workloads.pipeline.steps).
LOADED_WITH = {"OMP_WAIT_POLICY": "passive"}
#: Libraries read these when they are loaded: a job that is given others needs libraries of its own.
_READ_AT_LOADING = ("LD_", "MPL", "OMP_", "OPENBLAS_")
#: SageMaker sends SIGTERM and waits 120 s (developer guide, "Stop a training job"); nobody wants to wait here.
_GRACE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command to run without input; `errors` is where its standard error goes, with its output if not given.

    It has `seconds` to end, if given.
    """

    argv: list[str]
    cwd: str
    env: dict[str, str]
    output: str
    errors: str = ""
    seconds: float | None = None


class Jobs:
    """Starts jobs, waits for them and ends them."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._fork: Callable[[Job], _Forked] | None = None

    def warm(self) -> None:
        """Have the libraries of jobs loaded from now on; they end with this process, however that ends."""
        if sys.platform == "linux":
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["local.emulator.libraries"])
            forkserver.ensure_running()
            lock = threading.Lock()
            self._fork = lambda job: _Forked(context, lock, job)

    def run(self, job: Job, caller: socket | None = None) -> int | None:
        """The exit code of a job, minus the signal's number for one that a signal ended; None if its time was over.

        It ends too when its caller hangs up. Raises OSError if it cannot be started.
        """
        process = self._fork(job) if self._fork and can_be_forked(job) else self._new(job)
        ended, mark = os.pipe()
        threading.Thread(target=_mark, args=(process, mark), daemon=True).start()
        try:
            over = connection.wait([ended, *([caller] if caller else [])], job.seconds)
            return process.wait() if ended in over else None
        finally:
            _end(process)
            os.close(ended)

    def _new(self, job: Job) -> subprocess.Popen[str]:
        with _opened(job) as (output, errors):
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": errors}
            return self._children.start(tuple(job.argv), cwd=job.cwd, env=job.env, start_new_session=True, **streams)


class _Forked:
    """A job of the forkserver, waited for as a `subprocess.Popen` is."""

    def __init__(self, context: Any, lock: threading.Lock, job: Job) -> None:
        self._lock = lock  # multiprocessing looks at all its processes whenever it starts one
        with lock:
            self._process = context.Process(target=_become, args=(job,))
            self._process.start()
        self.pid: int = self._process.pid

    def wait(self, timeout: float | None = None) -> int:
        if not connection.wait([self._process.sentinel], timeout):
            raise subprocess.TimeoutExpired("job", timeout or 0)
        with self._lock:
            self._process.join()
        return self._process.exitcode


def can_be_forked(job: Job) -> bool:
    """Whether it is a module of this interpreter whose libraries would be loaded as those of the forkserver."""
    given = {name: value for name, value in job.env.items() if name.startswith(_READ_AT_LOADING)}
    return job.argv[:2] == [sys.executable, "-m"] and given.items() <= LOADED_WITH.items()


def _mark(process: _Forked | subprocess.Popen[str], mark: int) -> None:
    """Close the writing end of a pipe at the end of a process."""
    process.wait()
    os.close(mark)


def _end(process: _Forked | subprocess.Popen[str]) -> None:
    """End a job and all it started; nothing to do when they have ended."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)


@contextlib.contextmanager
def _opened(job: Job) -> Generator[tuple[IO[bytes], IO[bytes]]]:
    with Path(job.output).open("wb") as output:
        if not job.errors:
            yield output, output
            return
        with Path(job.errors).open("wb") as errors:
            yield output, errors


def _become(job: Job) -> None:
    """Make this process what `python -m module arguments...` would be, at the head of a session, and run it to its end.

    It ends with the forkserver, of whose pipes it keeps none.
    """
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    with _opened(job) as streams:
        for number, stream in enumerate(streams, start=1):
            os.dup2(stream.fileno(), number)
    os.dup2(sys.stdin.fileno(), 0)  # multiprocessing has opened the null device
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  (a stream)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    resource_tracker._resource_tracker._fd = None  # pyright: ignore[reportAttributeAccessIssue]  it was among them
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(line_buffering=True)
    os.chdir(job.cwd)
    os.environ.clear()
    os.environ.update(job.env)
    tempfile.tempdir = None  # where TMPDIR says, which is the job's
    sys.path[:1] = [job.cwd, *filter(None, job.env.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = job.argv[2:]
    try:
        runpy.run_module(job.argv[2], run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
