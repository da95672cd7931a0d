"""A task: the inference service as a process, which gets its model, its certificate and its settings as a container of
Fargate does: from the environment that the task definition has.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import urllib3

from local.emulator.context import Context
from local.emulator.sagemaker.model_servers import ModelServer
from local.identity import Caller

#: Captures and metrics are written much sooner than on AWS, where nobody waits for them.
_SOON = {"CAPTURE_SECONDS": "0.1", "METRICS_SECONDS": "0.1"}
#: What the service may write is a volume of the task.
_VOLUME = "/var/model"


class Task(ModelServer):
    """One process of a task definition; `definition` is its ARN."""

    def __init__(self, context: Context, region: str, directory: Path, definition: Any) -> None:
        super().__init__(context, region, directory, "champion")
        (self._container,) = definition.container_definitions
        self.definition, self.image = definition.arn, str(self._container["image"])
        self._role = definition.task_role_arn or ""
        self.settings = {each["name"]: each["value"] for each in self._container.get("environment", [])}
        self._scheme = "https" if "TLS_DIR" in self.settings else "http"
        self._pool = urllib3.PoolManager(maxsize=32, retries=False, cert_reqs="CERT_NONE", assert_hostname=False)

    def run(self, subnets: list[str]) -> None:
        """Start the process and wait until it can serve. Raises StartError."""
        own = {name: value.replace(_VOLUME, str(self.directory)) for name, value in self.settings.items()}
        caller = Caller.of(self._role, {"Subnets": subnets})
        self.launch((), {**own, **_SOON, **caller.environment()})

    @property
    def waiting(self) -> int:
        """Answered requests that are not captured yet; 0 where not all of them are to be."""
        if self.settings.get("CAPTURE_PERCENT") != "100" or not self.alive:
            return 0
        lines = self._pool.request("GET", f"{self.url}/metrics", timeout=5.0).data.decode().splitlines()
        found = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        done = ("inference_captured_records_total", "inference_capture_dropped_records_total")
        return int(float(found['inference_requests_total{status="200"}']) - sum(float(found[each]) for each in done))


class TaskSet:
    """The tasks of one task definition. Those that end by themselves are replaced."""

    def __init__(self, context: Context, region: str, directory: Path, definition: Any, subnets: list[str]) -> None:
        self._context, self._region, self._directory = context, region, directory
        self.definition, self._subnets = definition, subnets
        self._tasks: list[Task] = []
        self._number = self._turn = 0
        self._lock = threading.Lock()
        self._mending = threading.Lock()
        self._wanted = 0

    @property
    def tasks(self) -> list[Task]:
        """Those that run."""
        with self._lock:
            return [task for task in self._tasks if task.alive]

    def scale(self, count: int) -> None:
        """Have so many tasks, each of the new ones able to serve. Raises StartError, and has none then."""
        self.want(count)
        try:
            self.mend()
        except Exception:
            self.stop()
            raise

    def want(self, count: int) -> None:
        """Have no more than so many tasks, and lack those that are missing."""
        self._wanted = count
        with self._lock:
            self._tasks, over = self._tasks[:count], self._tasks[count:]
        for task in over:
            task.drain()

    def mend(self) -> None:
        """Start what is missing. Raises StartError."""
        with self._mending:
            while len(self.tasks) < self._wanted:
                self._number += 1
                directory = self._directory / f"task-{self._number}"
                task = Task(self._context, self._region, directory, self.definition)
                task.run(self._subnets)
                with self._lock:
                    runs = [each for each in self._tasks if each.alive]
                    late = len(runs) >= self._wanted  # all were taken away while it started
                    self._tasks = runs if late else [*runs, task]
                if late:
                    task.kill()

    @property
    def lacks(self) -> bool:
        """Whether a task is gone that nobody took away."""
        return len(self.tasks) < self._wanted

    def next(self) -> Task | None:
        """The task whose turn it is, held: none is taken away before it is released. None when there is none."""
        with self._lock:
            tasks = [task for task in self._tasks if task.alive]
            if not tasks:
                return None
            self._turn += 1
            task = tasks[self._turn % len(tasks)]
            task.hold()
            return task

    def stop(self) -> None:
        """Take all away, each after the requests that it was asked."""
        self._wanted = 0
        with self._lock:
            tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.drain()

    def kill(self) -> None:
        """End all at once."""
        self._wanted = 0
        for task in self.tasks:
            task.kill()
