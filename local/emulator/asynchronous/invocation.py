"""InvokeEndpointAsync: puts a request into the endpoint's queue and says where its answer will be.

moto answers with a canned object in a bucket of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from local.emulator.asynchronous import queues, requests
from local.emulator.context import Context
from local.emulator.sagemaker.invocation import InvocationError, addressed, refused, respond

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH = re.compile(r"/endpoints/([^/]+)/async-invocations/?")


class AsynchronousInvoker:
    """A WSGI application that serves InvokeEndpointAsync."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            request = self._take(environ)
        except InvocationError as error:
            return respond(error, start_response)
        body = json.dumps({"InferenceId": request.inference_id}).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("X-Amzn-SageMaker-OutputLocation", request.output_location),
        ]
        if request.failure_location:
            headers.append(("X-Amzn-SageMaker-FailureLocation", request.failure_location))
        start_response("202 Accepted", headers)
        return [body]

    def _take(self, environ: WSGIEnvironment) -> requests.Queued:
        endpoint = addressed(self._context, PATH, environ)
        if not queues.is_asynchronous(endpoint):
            raise refused(f"Endpoint {endpoint.endpoint_name} has no AsyncInferenceConfig; use InvokeEndpoint.")
        headers = {k[5:].replace("_", "-").lower(): v for k, v in environ.items() if k.startswith("HTTP_")}
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if found := requests.faults(headers, body):
            raise refused(f"Invalid request: {'; '.join(found)}.")
        config = endpoint.config["AsyncInferenceConfig"]
        request = requests.queued(headers, body, config, self._context.clock.emulated())
        mine = queues.queue(endpoint)
        with mine.lock:
            mine.waiting.append(request)
        return request
