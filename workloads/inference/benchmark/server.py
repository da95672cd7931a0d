"""A server as a process tree: started on a port, asked until it answers, measured from outside, stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Server:
    """How a server is started. `single` and `batch` name its requests (`model.write_requests`), None if it has none."""

    name: str
    argv: Callable[[int], list[str]]
    single: str = "json"
    batch: str | None = None
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class Running:
    """A started server."""

    server: Server
    process: subprocess.Popen[bytes]
    port: int
    cold_seconds: float

    def tree(self) -> list[int]:
        """The process and all below it."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                text = entry.read_text().rpartition(")")[2].split()
                children.setdefault(int(text[1]), []).append(int(entry.parent.name))
        found, queue = [], [self.process.pid]
        while queue:
            found.append(queue.pop())
            queue += children.get(found[-1], [])
        return found

    def cpu_seconds(self) -> float:
        """CPU time that the tree has used."""
        ticks = 0
        for pid in self.tree():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Proportional set size of the tree: shared pages are counted once."""
        total = 0
        for pid in self.tree():
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total / 1024


def ask(port: int, request: bytes) -> bool:
    """Whether one request is answered with 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(request.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1))
            return connection.recv(65536)[9:12] == b"200"
    except OSError:
        return False


@contextlib.contextmanager
def running(server: Server, home: Path, *, patience: float = 90) -> Generator[Running]:
    """Start `server` and wait for its first prediction; stop its tree at the end. Raises TimeoutError."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "BENCH_MODEL": str(home), **server.environment}
    request = (home / f"{server.single}.request").read_bytes()
    began = time.perf_counter()
    with (home / f"{server.name.replace('/', '-')}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - the benchmark's own table of servers
            server.argv(port), cwd=HERE, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        while not ask(port, request):
            if process.poll() is not None or time.perf_counter() - began > patience:
                raise TimeoutError(f"{server.name} did not answer; its log: {log.name}")
            time.sleep(0.01)
        yield Running(server, process, port, time.perf_counter() - began)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
