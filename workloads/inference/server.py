"""Processes around the service: listening, workers, draining at SIGTERM, a new model at SIGHUP.

uvicorn closes idle keep-alive connections the moment it is told to stop, and a request that is on the wire then is
lost. Here a worker that was told to stop first answers on for a while, with `connection: close` on every answer, and
goes when the last client has gone. Workers share one listening socket, so that what waits in its queue is taken by
another worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import logging
import signal
import socket
import time
from collections.abc import Callable
from typing import Any, cast

import uvicorn

from workloads.inference import metrics as metrics_module
from workloads.inference import model as model_module
from workloads.inference import tls
from workloads.inference.metrics import Metrics
from workloads.inference.protocol import Protocol
from workloads.inference.service import Service
from workloads.inference.settings import Settings
from workloads.inference.supervisor import Supervisor

IDLE_SECONDS = 1.0  # at drain: how long a silent connection is kept open for a request that may be on the wire
_log = logging.getLogger(__name__)


def listen(settings: Settings) -> socket.socket:
    """The listening socket. Raises OSError if the address cannot be bound."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((settings.host, settings.port))
    listener.listen(2048)
    listener.setblocking(False)
    return listener


def announce(listener: socket.socket) -> None:
    """Say on standard output, in its first line, which port answers from now on."""
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)  # noqa: T201 - the launcher reads it


class _Server(uvicorn.Server):
    """uvicorn's server with a drain before its shutdown, and without its re-raising of the signal that ended it."""

    def __init__(self, service: Service, settings: Settings, on_ready: Callable[[], None]) -> None:
        own = tls.files(settings.tls_dir) if settings.tls_dir else None
        config = uvicorn.Config(
            service,  # pyright: ignore[reportArgumentType]
            loop="uvloop",
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=settings.keep_alive_seconds,
            timeout_graceful_shutdown=5,
            ssl_certfile=str(own.certificate) if own else None,
            ssl_keyfile=str(own.key) if own else None,
        )
        super().__init__(config)
        self.service, self.settings, self.on_ready = service, settings, on_ready
        self._reloading: asyncio.Task[None] | None = None
        self._told = service.metrics.totals()

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """Stop at SIGTERM and SIGINT; exit with 0 afterwards."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        yield

    def _stop(self) -> None:
        self.should_exit = True

    def _reload(self) -> None:
        """Load the package anew beside the running one; the loop goes on answering meanwhile."""
        if not self.settings.multi_model and (self._reloading is None or self._reloading.done()):
            self._reloading = asyncio.create_task(self._exchange())

    async def _exchange(self) -> None:
        # a version given at the start was that of the package of the start
        options = dataclasses.replace(self.settings, model_version=None)
        try:
            model = await asyncio.to_thread(model_module.from_settings, options)
        except model_module.ModelError as error:
            self.service.metrics.add("reload_failures")
            _log.error("reload refused, the former model stays: %s", error)
            return
        self.service.set_model(model)
        self.service.metrics.add("reloads")

    async def main_loop(self) -> None:
        """Serve until told to stop, then drain."""
        self.on_ready()
        helpers = [asyncio.create_task(self._sweep()), asyncio.create_task(self._emit())]
        await super().main_loop()
        await self._drain()
        for helper in helpers:
            helper.cancel()
        if self._telling:  # the last part of a minute
            self._tell()

    async def _drain(self) -> None:
        self.service.draining = True
        _log.info("draining", extra={"connections": len(self.server_state.connections)})
        began = time.monotonic()
        requests = self.server_state.total_requests
        last_request = began
        clients = (self.server_state.connections, self.service.arriving)
        while any(clients) and time.monotonic() - began < self.settings.drain_seconds:
            await asyncio.sleep(0.02)
            under_way = self.server_state.tasks or self.service.intake.incomplete or self.service.arriving
            if under_way or self.server_state.total_requests != requests:
                requests, last_request = self.server_state.total_requests, time.monotonic()
            elif time.monotonic() - last_request > IDLE_SECONDS:
                break
        _log.info("drained", extra={"seconds": round(time.monotonic() - began, 3)})

    async def _sweep(self) -> None:
        """End what is overdue."""
        pause = min(1.0, self.settings.request_seconds / 4)
        while True:
            await asyncio.sleep(pause)
            now = time.perf_counter()
            self.service.intake.give_up_late(now)
            for connection in list(self.server_state.connections):
                cast("Protocol", connection).sweep(now)

    async def _emit(self) -> None:
        """CloudWatch metrics into the log, if a namespace is set; one worker speaks for all."""
        while self._telling:
            await asyncio.sleep(self.settings.metrics_seconds)
            self._tell()

    @property
    def _telling(self) -> bool:
        return self.settings.metrics_namespace is not None and self.service.metrics.speaks

    def _tell(self) -> None:
        """What was counted since the last time."""
        scorer, after = self.service.scorer, self.service.metrics.totals()
        model = {"Model": scorer.model.contract.name if scorer else "several"}
        dimensions = self.settings.metrics_dimensions or model
        now_ms = int(time.time() * 1000)
        line = metrics_module.embedded(str(self.settings.metrics_namespace), self._told, after, dimensions, now_ms)
        print(line, flush=True)  # noqa: T201 - CloudWatch takes embedded metrics from the log as they are
        self._told = after


def serve_one(settings: Settings, listener: socket.socket, metrics: Metrics, on_ready: Callable[[], None]) -> None:
    """Serve in this process until it is told to stop. Raises ModelError if the package cannot be served."""
    service = Service(None if settings.multi_model else model_module.from_settings(settings), settings, metrics)
    try:
        _Server(service, settings, on_ready).run(sockets=[listener])
    finally:
        if service.capture is not None:
            service.capture.close()


def run(settings: Settings) -> int:
    """Serve until SIGTERM; returns the exit code."""
    try:
        listener = listen(settings)
    except OSError as error:
        _log.error("cannot listen on %s port %d: %s", settings.host, settings.port, error.strerror)
        return 1
    try:
        if settings.model_uri:
            from workloads.inference.fetch import fetch  # tarfile stays in memory, and most containers need none

            fetch(settings)
        if settings.tls_dir:
            tls.make(settings.tls_dir)
        if settings.workers == 1:
            serve_one(settings, listener, Metrics(), lambda: announce(listener))
            return 0
        return Supervisor(settings, listener, serve_one, announce).run()
    except (model_module.ModelError, tls.TlsError) as error:
        _log.error("%s", error)
        return 1
