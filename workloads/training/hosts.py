"""Several hosts that train one model: XGBoost's collective.

Every host is given all data and learns from its share of the rows; the sums of gradients and the losses are added up
between them (XGBoost documentation, "Distributed XGBoost"). SageMaker starts the same container on each and ends the
job when one of them fails: what is left of it is the last checkpoint. To SageMaker that is an AlgorithmError, which no
retry policy of a pipeline can name (developer guide, "Retry Policy for Pipeline Steps", read 2026-11-30), nor does a
job's own RetryStrategy cover it (API reference: InternalServerError alone). A state machine reads the reason and tries
again (`workloads.pipeline.machine`); a run of a pipeline is gone on with by `retrain --from Train`.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import xgboost as xgb
from xgboost import collective
from xgboost.tracker import RabitTracker

from workloads.inputs import read_json
from workloads.job import PlatformError

#: Where the first host waits for all; between hosts of a job SageMaker opens every port.
PORT: Final = 9099
#: Seconds in which all have to have come, and those after which a host that says nothing is lost.
ARRIVAL, SILENCE = 600, 300
#: Attempts to reach the first host, which may start later than others.
ATTEMPTS: Final = 10


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """The hosts of a job in the order of their names, and which of them this is."""

    names: tuple[str, ...] = ("algo-1",)
    current: str = "algo-1"

    @property
    def rank(self) -> int:
        """Of this host; 0 is the one that keeps checkpoints and model."""
        return self.names.index(self.current)

    def share(self, rows: int) -> slice:
        """This host's part of so many rows."""
        return slice(self.rank * rows // len(self.names), (self.rank + 1) * rows // len(self.names))


ALONE: Final = Hosts()


def read(root: Path, environment: Mapping[str, str]) -> Hosts:
    """By the toolkit's variables, else by resourceconfig.json; without either it is alone.

    PlatformError where a host is not one of its own job.
    """
    if "SM_HOSTS" in environment:
        names, current = json.loads(environment["SM_HOSTS"]), environment.get("SM_CURRENT_HOST", "")
    elif (path := root / "input" / "config" / "resourceconfig.json").exists():
        config = read_json(path)
        names, current = config["hosts"], config["current_host"]
    else:
        return ALONE
    if current not in names:
        raise PlatformError(f"host {current!r} is none of the job's hosts {names}")
    return Hosts(names=tuple(sorted(names)), current=current)


@contextmanager
def joined(hosts: Hosts) -> Generator[None]:
    """While it lasts, what XGBoost adds up it adds up over all hosts. PlatformError where one of them is lost."""
    if len(hosts.names) == 1:
        yield
        return
    try:
        address = socket.gethostbyname(hosts.names[0])
        tracker = _tracker(address, len(hosts.names)) if hosts.rank == 0 else None
        collective.init(
            dmlc_communicator="rabit",
            dmlc_tracker_uri=address,
            dmlc_tracker_port=PORT,
            dmlc_task_id=f"{hosts.rank:06}",
            dmlc_retry=ATTEMPTS,
            dmlc_timeout=SILENCE,
        )
        yield
        collective.finalize()
        if tracker is not None:
            tracker.wait_for(SILENCE)
    except (xgb.core.XGBoostError, OSError) as error:
        # What was wrong with the data was found before, on every host alike
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise PlatformError(
            f"of {len(hosts.names)} hosts one was lost, or cannot be reached from {hosts.current} ({said}); SageMaker "
            "does not try that again by itself, and a job that is tried again goes on from the last checkpoint: "
            "`python -m automation retrain --from Train`"
        ) from error


def together(value: Any, hosts: Hosts) -> Any:
    """The first host's value, on every host."""
    return value if len(hosts.names) == 1 else collective.broadcast(value, 0)


def _tracker(address: str, many: int) -> RabitTracker:
    tracker = RabitTracker(n_workers=many, host_ip=address, port=PORT, sortby="task", timeout=ARRIVAL)
    tracker.start()
    return tracker
