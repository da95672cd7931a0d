"""Every body of the allowed size, whatever it stands for, is answered in bounded time and memory, beside the pings."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.workloads.inference import serving
from tests.workloads.inference.large_bodies import BODIES, SIZE
from tests.workloads.inference.serving import Running

PING_SECONDS = 2.0  # SageMaker's limit for a container's answer (developer guide, "How containers serve requests")
MEGABYTES = 300  # more than the service has at rest; measured: 144


@pytest.fixture(scope="module")
def running(package: Path) -> Iterator[Running]:
    with serving.serving(package) as started:
        yield started


@contextlib.contextmanager
def pinged(service: Running) -> Generator[list[float]]:
    """Asks /ping all the time; what the service computed until each answer, in seconds of processors.

    On a machine of its own that is the least that an answer takes; what others compute meanwhile is not the service's.
    """
    seconds: list[float] = []
    over = threading.Event()

    def ping() -> None:
        with contextlib.closing(service.connect()) as connection:
            while not seconds or not over.wait(0.01):
                begun = computed(service)
                connection.request("GET", "/ping")
                connection.getresponse().read()
                seconds.append(computed(service) - begun)

    thread = threading.Thread(target=ping)
    thread.start()
    try:
        yield seconds
    finally:
        over.set()
        thread.join()


def computed(service: Running) -> float:
    """Seconds of processors that the service has had (proc(5))."""
    user, system = Path(f"/proc/{service.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def megabytes(service: Running, key: str) -> float:
    return int(re.findall(rf"{key}:\s+(\d+)", Path(f"/proc/{service.process.pid}/status").read_text())[0]) / 1024


@pytest.mark.parametrize("name", BODIES)
def test_a_large_body(running: Running, name: str) -> None:
    kind, make, statuses = BODIES[name]
    body = make()
    assert len(body) <= SIZE
    Path(f"/proc/{running.process.pid}/clear_refs").write_text("5")  # begins the peak anew (proc(5))
    before = megabytes(running, "VmRSS")
    with pinged(running) as seconds:
        answer = running.request("POST", "/invocations", body, content_type=kind, accept="text/csv")
    assert answer.status in statuses, answer.body[:300]
    assert max(seconds) < PING_SECONDS
    assert megabytes(running, "VmHWM") - before < MEGABYTES
    assert len(answer.body) < 20 * 1024 or answer.status == 200
