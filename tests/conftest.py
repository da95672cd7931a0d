from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Generator
from typing import Any

import pytest
import urllib3
from botocore.config import Config
from moto.server import ThreadedMotoServer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from local.process import collect_rarely, read_models_once, trace_no_resources
from local.tether import PR_SET_PDEATHSIG

collect_rarely()  # the tests hold the same models of AWS as the local run, in one process for many tests
read_models_once()
trace_no_resources()
# A loaded machine may need longer for an answer than botocore's minute; no test is about that.
_defaults: Any = Config.OPTION_DEFAULTS
_defaults["read_timeout"] = 600


def _end_with_parent(forking: list[int]) -> None:
    """What a worker forks holds its pipe to the controller, which would wait for a worker that is long dead."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != forking[0]:  # it died before the line above
        os.kill(os.getpid(), signal.SIGKILL)


if "PYTEST_XDIST_WORKER" in os.environ and sys.platform == "linux":
    _forking = [0]
    os.register_at_fork(
        before=lambda: _forking.__setitem__(0, os.getpid()), after_in_child=lambda: _end_with_parent(_forking)
    )


class FromBothEnds(LoadFileScheduling):
    """One worker takes files from the front, the other one from the back, until they meet.

    What the tests of a directory share (an emulator, a session of Spark, synthesised stacks) is then made by one of
    them; in the order of xdist, of most tests first, both have all of it, and the longest single tests come last.
    """

    def _assign_work_unit(self, node: WorkerController) -> None:
        if self.nodes.index(node) % 2:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FromBothEnds | None:
    """`--dist loadfile` as here; any other way is xdist's."""
    return FromBothEnds(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes that are no text name no test: workers pack a gzip at different seconds, and must agree on the names."""
    return argname if isinstance(val, bytes) and not val.isascii() else None


@pytest.fixture(scope="module", autouse=True)
def leave_nothing() -> Generator[None]:
    """What a file left is freed at its end: the collector, told to come rarely, would leave it for ever.

    What then still lives is not looked at again, so that this takes milliseconds.
    """
    yield
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """The interpreter frees all as it ends; libraries tell of what it did not."""
    gc.unfreeze()


@pytest.fixture(scope="module")
def moto_url() -> Generator[str, None, None]:
    """A moto server on a real port, empty: its state belongs to the process, where other modules used it before."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    urllib3.request("POST", f"{url}/moto-api/reset", timeout=600)  # its own default is 3 s
    yield url
    server.stop()
