"""Several workers behind one listening socket: forked, replaced when they end, told of SIGTERM and SIGHUP.

They share the socket, so that a connection which waits in its queue is taken by whichever worker is free, also while
one drains. They share the counters (`metrics`) and nothing else: each loads the model itself, after the fork, because
a threaded library that was started before it would not survive it. A worker does not outlive the supervisor.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import NoReturn

from workloads.inference.metrics import Metrics
from workloads.inference.model import ModelError
from workloads.inference.request import new_ids
from workloads.inference.settings import Settings

Serve = Callable[[Settings, socket.socket, Metrics, Callable[[], None]], None]

RESTART_SECONDS = 0.2  # between a worker's end and its replacement: no storm if it ends at once
_PR_SET_PDEATHSIG = 1
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_log = logging.getLogger(__name__)


class Supervisor:
    """Forks the workers, replaces one that ends, and passes SIGTERM and SIGHUP on."""

    def __init__(
        self, settings: Settings, listener: socket.socket, serve: Serve, announce: Callable[[socket.socket], None]
    ) -> None:
        self.settings, self.listener, self.serve, self.announce = settings, listener, serve, announce
        self.metrics = Metrics(settings.workers)
        self.workers: dict[int, int] = {}  # pid -> number
        self.stopping = False

    def run(self) -> int:
        """Until SIGTERM; returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._reload)
        ready_in, ready_out = os.pipe()
        for number in range(self.settings.workers):
            self._start(number, ready_out)
        if not self._all_ready(ready_in):
            self._stop()
        else:
            self.announce(self.listener)
        return self._watch(ready_out)

    def _start(self, number: int, ready_out: int) -> None:
        # no signal between the fork and the note of it: it would never reach the new worker
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = None if self.stopping else os.fork()
        if pid == 0:
            self._work(number, ready_out)
        if pid:
            self.workers[pid] = number
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _work(self, number: int, ready_out: int) -> NoReturn:
        """The life of a worker, in the new process."""
        code = 1
        try:
            for stop in (signal.SIGTERM, signal.SIGINT):
                signal.signal(stop, signal.SIG_DFL)
            _end_with_the_parent()
            new_ids()
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the loop takes it: what it would load is being loaded
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            mine = self.metrics.worker(number)
            mine.reset_gauges()
            self.serve(self.settings, self.listener, mine, lambda: self._say_ready(ready_out))
            code = 0
        except ModelError as error:
            _log.error("%s", error)
        except BaseException:
            _log.exception("worker %d failed", number)
            raise
        finally:
            logging.shutdown()
            os._exit(code)

    @staticmethod
    def _say_ready(ready_out: int) -> None:
        os.write(ready_out, b"1")

    def _all_ready(self, ready_in: int) -> bool:
        """Wait until each worker has said so; False if one died first."""
        os.set_blocking(ready_in, False)
        ready = 0
        while ready < self.settings.workers and not self.stopping:
            with contextlib.suppress(BlockingIOError):
                ready += len(os.read(ready_in, self.settings.workers))
            if self._ended(os.WNOHANG):
                return False
            time.sleep(0.005)
        return True

    def _watch(self, ready_out: int) -> int:
        failed = self.stopping
        while self.workers:
            if not (ended := self._ended()):
                continue
            pid, number, code = ended
            if self.stopping:
                failed = failed or code not in (0, -signal.SIGTERM)  # one that had not begun dies of the signal
                continue
            _log.error("worker %d (pid %d) ended with %d; starting another", number, pid, code)
            time.sleep(RESTART_SECONDS)
            self._start(number, ready_out)
        return 1 if failed else 0

    def _ended(self, flags: int = 0) -> tuple[int, int, int] | None:
        """Pid, number and exit code of a worker that has ended, which is no longer one of ours.

        It leaves the list before it is reaped: a signal may come between the two, and would go to a process that is
        none any more, or is somebody else's. What else has ended is reaped only: the first process of a container is
        handed every orphan.
        """
        while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | flags):
            number = self.workers.pop(found.si_pid, None)
            _, status = os.waitpid(found.si_pid, 0)
            if number is not None:
                return found.si_pid, number, os.waitstatus_to_exitcode(status)
        return None

    def _reload(self, *_: object) -> None:
        for pid in self.workers:
            os.kill(pid, signal.SIGHUP)

    def _stop(self, *_: object) -> None:
        self.stopping = True
        for pid in self.workers:
            os.kill(pid, signal.SIGTERM)


def _end_with_the_parent() -> None:
    """Have the kernel send this worker SIGTERM when the supervisor is gone, however it went (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
