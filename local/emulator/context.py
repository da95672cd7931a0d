"""What every part of the emulator shares: where it lives, its clock, its log of deliveries, its way to call itself."""

from __future__ import annotations

import functools
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boto3.session import Session
from botocore.config import Config

from local.emulator.children import Children
from local.emulator.clock import Clock
from local.emulator.delivery.log import Background, DeliveryLog
from local.emulator.ticker import Ticker
from local.identity import ACCESS_KEY, CACHE, NO_HOST_SETTINGS, PROJECT_ROOT, SECRET_KEY

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "PYTHONDONTWRITEBYTECODE")


@dataclass(kw_only=True)
class Context:
    """The emulator's shared state.

    `inference_command` starts a model server and `pipeline_command` runs one pipeline execution; both are argv lists,
    so that a test can put a stand-in in their place. `url` is known once the server is bound; `warm_pool` is the
    address of the pool for the jobs of executions, if there is one.
    """

    home: Path
    account: str
    region: str
    clock: Clock
    inference_command: tuple[str, ...] = (sys.executable, "-m", "workloads.inference")
    pipeline_command: tuple[str, ...] = (sys.executable, "-m", "local.executor")
    url: str = ""
    warm_pool: str | None = None
    log: DeliveryLog = field(init=False)
    background: Background = field(default_factory=Background)
    ticker: Ticker = field(default_factory=Ticker)
    children: Children = field(default_factory=Children)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.log = DeliveryLog(self.home / "deliveries.jsonl")

    def directory(self, *parts: str) -> Path:
        """A directory under the home, made when missing."""
        path = self.home.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of the emulator itself."""
        return _client(self.url, service, region)

    def environment(self, region: str) -> dict[str, str]:
        """The environment of a child process: this machine's paths, the emulator as AWS, nothing else of the host."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return inherited | {
            "PYTHONPATH": str(PROJECT_ROOT),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            **NO_HOST_SETTINGS,
            **CACHE,
        }


@functools.cache
def _client(url: str, service: str, region: str) -> Any:
    # A session of its own: boto3's default session is not safe to share between threads.
    return Session().client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(retries={"max_attempts": 1}, connect_timeout=5),
    )
