"""What every part of the emulator shares: where it lives, its clock, its log of deliveries, its way to call itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.emulator.children import Children
from local.emulator.client import client
from local.emulator.clock import Clock
from local.emulator.delivery.log import Background, DeliveryLog
from local.emulator.jobs import Jobs
from local.emulator.ticker import Ticker
from local.identity import PROJECT_ROOT, environment

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "PYTHONDONTWRITEBYTECODE")


@dataclass(kw_only=True)
class Context:
    """The emulator's shared state.

    `inference_command` starts a model server and `pipeline_command` runs one pipeline execution; both are argv lists,
    so that a test can put a stand-in in their place. `images` has the former by URI, for images of others. `url` is
    known once the server is bound.
    """

    home: Path
    account: str
    region: str
    clock: Clock
    inference_command: tuple[str, ...] = (sys.executable, "-m", "workloads.inference")
    pipeline_command: tuple[str, ...] = (sys.executable, "-m", "local.executor")
    images: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    url: str = ""
    #: What scaling policies do when an alarm names one (`local.emulator.scaling`): backend, alarm, action.
    scale: Callable[[Any, Any, str], None] | None = None
    log: DeliveryLog = field(init=False)
    background: Background = field(default_factory=Background)
    ticker: Ticker = field(default_factory=Ticker)
    children: Children = field(default_factory=Children)
    jobs: Jobs = field(init=False)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.log = DeliveryLog(self.home / "deliveries.jsonl")
        self.jobs = Jobs(self.children)

    def directory(self, *parts: str) -> Path:
        """A directory under the home, made when missing."""
        path = self.home.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of the emulator itself."""
        return client(self.url, region, service)

    def environment(self, region: str) -> dict[str, str]:
        """The environment of a child process: this machine's paths, the emulator as AWS, nothing else of the host."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return inherited | {"PYTHONPATH": str(PROJECT_ROOT)} | environment(self.url, region)
