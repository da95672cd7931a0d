"""The pool's owner and its callers: how it is started, and how a job is asked of it."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from local.identity import CACHE, PROJECT_ROOT
from local.tether import tethered

#: What the pool's libraries are loaded with, as the training step of the pipeline asks (workloads.pipeline.steps).
_LOADED_WITH = {"OMP_WAIT_POLICY": "passive"}
#: Libraries read these when they are loaded: a job that is given others than the pool has needs libraries of its own.
_READ_AT_LOADING = ("LD_", "MPL", "OMP_", "OPENBLAS_")


@contextmanager
def warm_pool() -> Generator[str | None]:
    """A pool that ends, with its jobs, when the context or this process does; its address, or None off Linux."""
    if sys.platform != "linux":
        yield None
        return
    address = f"ml-platform-{secrets.token_hex(16)}"
    with _socket() as listener:
        listener.bind(f"\0{address}")  # abstract (unix(7)): no file that a killed run would leave behind
        listener.listen()
        process = subprocess.Popen(
            tethered(sys.executable, "-m", "local.warm", listener.fileno()),
            pass_fds=[listener.fileno()],
            cwd=PROJECT_ROOT,
            env={
                **CACHE,
                **_LOADED_WITH,
                "HOME": CACHE["XDG_CACHE_HOME"],  # no settings of this user's for Matplotlib
                "LANG": "C.UTF-8",
                "PATH": os.environ.get("PATH", os.defpath),
            },
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is its owner's to answer
        )
    try:
        yield address
    finally:
        process.kill()
        process.wait()


class Job:
    """A job of the pool, waited for as a `subprocess.Popen` is. It ends with this object, or with this process."""

    def __init__(self, argv: Sequence[str], connection: socket.socket) -> None:
        """Raises ConnectionError if the pool ended."""
        self._argv, self._connection = argv, connection
        self.returncode: int | None = None
        self.pid = self._receive()

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, minus the signal's number for a job that a signal ended.

        Raises subprocess.TimeoutExpired after `timeout` seconds, and ConnectionError if the pool ended.
        """
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = self._receive()
            except TimeoutError:
                raise subprocess.TimeoutExpired(list(self._argv), timeout or 0) from None
            self._connection.close()
        return self.returncode

    def _receive(self) -> int:
        """A number that the pool sends."""
        message = self._connection.recv(32)
        if not message:
            raise ConnectionError(f"the warm pool ended in the middle of {' '.join(self._argv)}")
        return int(message)


def start(
    address: str | None,
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdout: IO[Any],
    stderr: IO[Any],
) -> Job | subprocess.Popen[bytes]:
    """A job at the head of a process group of its own, without input; it does not outlive this process.

    From the pool at `address` if there is one, it still runs, and the job is a module of this interpreter; as a new
    process otherwise. Raises OSError if it cannot be started.
    """
    if address and list(argv[:2]) == [sys.executable, "-m"] and _loads_as_the_pool(env):
        connection = _socket()
        try:
            connection.connect(f"\0{address}")
        except ConnectionRefusedError:  # a kept emulator outlives the pool of the run that started it
            connection.close()
        else:
            request = {"module": argv[2], "arguments": argv[3:], "cwd": str(cwd), "env": dict(env)}
            with open(os.devnull, "rb") as stdin:  # noqa: PTH123  (a device)
                streams = [stdin.fileno(), stdout.fileno(), stderr.fileno()]
                socket.send_fds(connection, [json.dumps(request).encode()], streams)
            return Job(argv, connection)
    return subprocess.Popen(
        tethered(*argv),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def _loads_as_the_pool(env: Mapping[str, str]) -> bool:
    """Whether libraries that are loaded under `env` would be as those of the pool."""
    return all(_LOADED_WITH.get(name) == value for name, value in env.items() if name.startswith(_READ_AT_LOADING))


def _socket() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # keeps the bounds of messages
