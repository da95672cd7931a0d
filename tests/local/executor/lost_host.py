"""A training job whose second host is lost after a checkpoint, unless it goes on from one."""

from __future__ import annotations

import os
import signal

from workloads import job
from workloads.training import __main__ as entry
from workloads.training import hosts, train

_loss = train._loss


def _lost(*given: object) -> float:
    if given[-1] == 14:
        os.kill(os.getpid(), signal.SIGKILL)
    return _loss(*given)  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    second = hosts.read(job.root(), os.environ).rank == 1
    if second and not any((job.root() / "checkpoints").rglob("round-*.json")):
        train._loss = _lost
    job.leave(entry.main())
