"""The emulator's own API under `/emulator/`, for programs and tests that look behind AWS's.

    GET  /emulator/health            {pid, url, account, region, home, time_scale}
    GET  /emulator/model-servers     [{endpoint, config, variant, role, url, pid, alive, log}]
    POST /emulator/kill              {"pid": N}: end a model server at once (fault injection)
    POST /emulator/flush             write captured data, offline records and metrics now; counts of the first two
    GET  /emulator/deliveries        what was delivered from service to service, oldest first
    GET  /emulator/alarms            [{name, state, evaluated, reason}]; `reason` says why an alarm is not evaluated
    POST /emulator/clock/advance     {"seconds": N}: let time pass for alarms and queues; {emulated, wall}
    GET  /emulator/tracked-runs      runs of MLflow: [{experiment, name, status, params, metrics: how often each, tags}]
    POST /emulator/jobs              a Job (local.emulator.jobs): run it to its end; {code}, null if its time was over

Errors are `{"error": text}` with 400 (bad input), 404 (no such path or server) or 405.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from socket import socket
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import cloudwatch_backends

from contracts.release import CHAMPION
from local.emulator.cloudwatch.alarms import Alarms
from local.emulator.cloudwatch.sources import NotEvaluated, source
from local.emulator.context import Context
from local.emulator.delivery import environments
from local.emulator.delivery.environments import Environment
from local.emulator.ecs import neighbours, services
from local.emulator.jobs import Job
from local.emulator.sagemaker import offline_store
from local.emulator.sagemaker.capture import Capture
from local.emulator.sagemaker.endpoints import all_serving
from local.emulator.sagemaker.invocation_metrics import InvocationMetrics
from local.emulator.sagemaker.model_servers import ModelServer
from local.emulator.sagemaker.tracking_servers import TrackingServers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PREFIX = "/emulator/"


class RequestError(ValueError):
    """A request this API refuses, with its HTTP status."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Admin:
    """A WSGI application."""

    context: Context
    alarms: Alarms
    capture: Capture
    metrics: InvocationMetrics
    tracking: TrackingServers

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request with JSON."""
        try:
            status, answer = HTTPStatus.OK, self._answer(environ)
        except RequestError as error:
            status, answer = error.status, {"error": str(error)}
        body = json.dumps(answer, default=str).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> Any:
        routes: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
            "health": ("GET", self._health),
            "model-servers": ("GET", self._model_servers),
            "kill": ("POST", self._kill),
            "flush": ("POST", self._flush),
            "deliveries": ("GET", self._deliveries),
            "neighbours": ("POST", self._neighbours),
            "alarms": ("GET", self._alarms),
            "clock/advance": ("POST", self._advance),
            "tracked-runs": ("GET", lambda _: self.tracking.runs()),
            "jobs": ("POST", lambda body: self._run(body, environ["werkzeug.socket"])),
        }
        path = environ["PATH_INFO"].removeprefix(PREFIX).rstrip("/")
        if path not in routes:
            known = ", ".join(f"{PREFIX}{name}" for name in routes)
            raise RequestError(HTTPStatus.NOT_FOUND, f"no {PREFIX}{path}; there are {known}")
        method, answer = routes[path]
        if environ["REQUEST_METHOD"] != method:
            raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED, f"{PREFIX}{path} is for {method}")
        return answer(_body(environ))

    def _health(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "url": self.context.url,
            "account": self.context.account,
            "region": self.context.region,
            "home": str(self.context.home),
            "time_scale": self.context.clock.scale,
        }

    def _model_servers(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        return (
            [
                {
                    "endpoint": endpoint.endpoint_name,
                    "config": fleet.config_name,
                    "variant": variant.name,
                    "role": "shadow" if variant.name in fleet.shadow else "production",
                    "url": variant.server.address,
                    "pid": variant.server.pid,
                    "alive": variant.server.alive,
                    "log": str(variant.server.directory / "server.log"),
                }
                for endpoint, fleet, variant in all_serving()
            ]
            + [
                {
                    "endpoint": running.service.name,
                    "config": group.definition.family,
                    "variant": task.variant,
                    "role": "production",
                    "url": f"https://{running.listener.address}" if running.listener else task.url,
                    "pid": task.pid,
                    "alive": task.alive,
                    "log": str(task.directory / "server.log"),
                }
                for running, group, task in services.all_tasks()
            ]
            + [
                {
                    "endpoint": environment.function.function_name,
                    "config": environment.function.description.partition(" ")[0],
                    "variant": CHAMPION,
                    "role": "production",
                    "url": "",
                    "pid": environment.process.pid,
                    "alive": environment.alive,
                    "log": str(environment.log),
                }
                for environment in environments.running()
            ]
        )

    def _kill(self, body: dict[str, Any]) -> dict[str, Any]:
        servers: dict[int | None, ModelServer | Environment] = {
            **{each.process.pid: each for each in environments.running()},
            **{variant.server.pid: variant.server for _, _, variant in all_serving()},
            **{task.pid: task for _, _, task in services.all_tasks()},
        }
        server = servers.get(body.get("pid"))
        if server is None:
            message = f"no model server has pid {body.get('pid')!r}; there are {list(servers)}"
            raise RequestError(HTTPStatus.NOT_FOUND, message)
        row = next(row for row in self._model_servers({}) if row["pid"] == body["pid"])
        server.kill()
        return row | {"alive": server.alive}

    def _flush(self, _: dict[str, Any]) -> dict[str, int]:
        self.metrics.publish()
        services.flush()
        return {"capture_files": self.capture.flush(), "offline_records": offline_store.flush(self.context)}

    def _neighbours(self, body: dict[str, Any]) -> dict[str, Any]:
        neighbours.present(self.context, **body)
        return body

    def _deliveries(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        return [dataclasses.asdict(delivery) for delivery in self.context.log.entries()]

    def _alarms(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        backends = [backend for account in list(cloudwatch_backends.values()) for backend in list(account.values())]
        listed: list[dict[str, Any]] = []
        for backend in backends:
            for alarm in list(backend.alarms.values()):
                reason = None
                try:
                    source(alarm)
                except NotEvaluated as finding:
                    reason = str(finding)
                row = {"name": alarm.name, "region": backend.region_name, "state": alarm.state_value}
                listed.append(row | {"evaluated": reason is None, "reason": reason})
        return listed

    def _advance(self, body: dict[str, Any]) -> dict[str, float]:
        seconds = body.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
            raise RequestError(HTTPStatus.BAD_REQUEST, f"seconds is {seconds!r}, allowed is a number of 0 or more")
        self.metrics.publish()
        self.alarms.advance(seconds)
        return {"emulated": self.context.clock.emulated(), "wall": time.time()}

    def _run(self, body: dict[str, Any], caller: socket) -> dict[str, int | None]:
        try:
            return {"code": self.context.jobs.run(Job(**body), caller)}
        except (OSError, TypeError) as error:
            raise RequestError(HTTPStatus.BAD_REQUEST, f"the job cannot be started: {error}") from error


def _body(environ: WSGIEnvironment) -> dict[str, Any]:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    text = environ["wsgi.input"].read(length) if length else b"{}"
    try:
        body = json.loads(text)
    except ValueError as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise RequestError(HTTPStatus.BAD_REQUEST, f"the body is {type(body).__name__}, allowed is an object")
    return body
