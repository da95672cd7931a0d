"""Load while models and workers are exchanged: the benchmark's last part.

Two workers under constant load on kept connections; every second, in turn, the model is exchanged for another (SIGHUP)
or a worker is told to stop (SIGTERM) and replaced. Passed if every request that was sent was answered, with 200.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from workloads.inference.benchmark import model
from workloads.inference.benchmark.server import HERE, Running, Server, running

CONNECTIONS = 16


def prepare(home: Path) -> None:
    """Two packages, the link that is served, the load generator."""
    for name in ("a", "b"):
        if not (home / name / "json.request").exists():
            model.make(home / name)
    (home / "json.request").write_bytes((home / "a" / "json.request").read_bytes())
    point(home, "a")
    subprocess.run(["cc", "-O2", "-o", str(home / "load"), str(HERE / "load.c")], check=True)  # noqa: S603, S607


def point(home: Path, name: str) -> None:
    """Serve package `name` from the next reload on; the link changes in one step."""
    link = home / "next"
    link.unlink(missing_ok=True)
    link.symlink_to(home / name)
    link.rename(home / "current")


def workers(server: Running) -> list[int]:
    """Pids of the workers."""
    return [pid for pid in server.tree() if pid != server.process.pid]


def disturb(server: Running, home: Path, seconds: float) -> dict[str, int]:
    """Exchange models and workers in turn, one a second, for `seconds`."""
    done = {"reloads": 0, "workers stopped": 0}
    chance = random.Random(7)  # noqa: S311 - which worker goes
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        time.sleep(1)
        if sum(done.values()) % 2:
            point(home, "ab"[done["reloads"] % 2])
            os.kill(server.process.pid, signal.SIGHUP)
            done["reloads"] += 1
        else:
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(chance.choice(workers(server)), signal.SIGTERM)
                done["workers stopped"] += 1
    return done


def run(home: Path, seconds: float, python: str) -> dict[str, Any]:
    """One test: what the load generator counted, and what was done meanwhile. The service runs on `python`."""
    home.mkdir(parents=True, exist_ok=True)
    prepare(home)
    argv = [python, "-m", "workloads.inference", "--model-dir", str(home / "current"), "--host", "127.0.0.1"]
    environment = {"PYTHONPATH": str(model.ROOT)}
    two = Server(
        name="two workers", argv=lambda port: [*argv, "--port", str(port), "--workers", "2"], environment=environment
    )
    with running(two, home) as server:
        command = [str(home / "load"), str(server.port), str(CONNECTIONS), str(seconds), str(home / "json.request")]
        load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - compiled above
        done = disturb(server, home, seconds - 1)
        counted: dict[str, Any] = json.loads(load.communicate()[0])
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/ping")
        return {**counted, **done, "ping after": connection.getresponse().status}
