"""The emulator's HTTP server: the admin API, predictions, and moto with the extensions behind a guard."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from local.emulator.admin import PREFIX, Admin
from local.emulator.asynchronous import invocation as asynchronous
from local.emulator.asynchronous.invocation import AsynchronousInvoker
from local.emulator.cloudformation import stacks
from local.emulator.cloudformation.stacks import Stacks
from local.emulator.context import Context
from local.emulator.ecs import services
from local.emulator.guard import Guard
from local.emulator.install import install
from local.emulator.reach import Reach
from local.emulator.sagemaker import copies, inference_components, invocation, tracking_servers
from local.emulator.sagemaker.endpoints import all_hosted, retire
from local.emulator.sagemaker.invocation import Invoker

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HOST = "127.0.0.1"
_POLL_SECONDS = 0.1


class Server:
    """Serves until stopped. One per process: moto's state and its extensions are the process's."""

    def __init__(self, context: Context, port: int) -> None:
        self._context = context
        self._parts = install(context)
        parts = self._parts
        tracking = tracking_servers.TrackingServers()
        self._admin = Admin(
            context=context, alarms=parts.alarms, capture=parts.capture, metrics=parts.metrics, tracking=tracking
        )
        self._invoker = Guard(Reach(context, Invoker(context, parts.capture, parts.metrics)))
        self._asynchronous = Guard(Reach(context, AsynchronousInvoker(context)))
        self._aws = Guard(Reach(context, DomainDispatcherApplication(create_backend_app)))
        self._stacks = Guard(Reach(context, Stacks(context)))
        self._tracking = Reach(context, tracking)
        self._http = make_server(HOST, port, self._serve, threaded=True, request_handler=MotoRequestHandler)
        context.url = f"http://{HOST}:{self._http.server_port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": _POLL_SECONDS}, name="http", daemon=True
        )

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()
        self._context.ticker.start()
        # moto loads a service when it is first asked for, and EC2 takes two seconds: as long as a program's imports.
        threading.Thread(target=get_backend, args=("ec2",), name="load-ec2", daemon=True).start()

    def stop(self) -> None:
        """Stop what was started, innermost first: executions, model servers, deliveries; then the server itself."""
        self._parts.executions.stop_all()
        with ThreadPoolExecutor() as pool:  # each may wait for its requests under way
            list(pool.map(retire, all_hosted()))
            list(pool.map(inference_components.end, copies.everywhere()))
            list(pool.map(services.retire, services.all_running()))
        self._context.ticker.stop()
        self._context.background.close()
        self._http.shutdown()
        self._thread.join(timeout=5)

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if asynchronous.PATH.fullmatch(path):
            return self._asynchronous(environ, start_response)
        if invocation.PATH.fullmatch(path):
            return self._invoker(environ, start_response)
        if tracking_servers.PATH.fullmatch(path):
            return self._tracking(environ, start_response)
        if stacks.asked(environ):
            return self._stacks(environ, start_response)
        app = self._admin if path.startswith(PREFIX) else self._aws
        return app(environ, start_response)
