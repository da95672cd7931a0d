from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Generator
from typing import Any

import pytest
import urllib3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from local.process import collect_rarely
from local.tether import PR_SET_PDEATHSIG

collect_rarely()  # the tests hold the same models of AWS as the local run, in one process for many tests
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
