"""The service as a Lambda function: `workloads.inference.function.handler`.

Takes what a function URL, an API Gateway (payload format 1.0 and 2.0) and an Application Load Balancer send, which is
an HTTP request in a JSON event, and a direct invocation, whose event is the body itself: a row, a list of rows or
{"instances": [...]}. Both are answered by the code that answers over HTTP; what is refused by its document. What the
service cannot answer (5xx) raises: so Lambda's metric `Errors` counts that, and no fault of who asks.

The model is loaded when the execution environment starts, from MODEL_DIR (default /opt/ml/model), which MODEL_URI is
fetched into, with the environment variables of `settings`. What is captured is written before the answer is returned,
for Lambda freezes the environment then.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import os
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec

from workloads import logs
from workloads.inference import model as model_module
from workloads.inference import settings
from workloads.inference.fetch import fetch
from workloads.inference.metrics import Metrics
from workloads.inference.request import Request
from workloads.inference.service import Answer, Service
from workloads.inference.writer import JSON


class FailedError(Exception):
    """The service cannot answer; the message is the error document of the HTTP answer."""


@functools.cache
def _service() -> Service:
    logs.of_the_process()
    options = settings.parse(["--model-dir", os.environ.get("MODEL_DIR", str(settings.Settings.model_dir))])
    options = dataclasses.replace(options, capture_seconds=0)
    if options.model_uri:
        fetch(options)
    return Service(model_module.from_settings(options), options, Metrics())


def handler(event: Any, context: Any) -> Any:
    """Answer one event. `context` is Lambda's; its request id is the request's where the event names none."""
    service = _service()
    identity = str(getattr(context, "aws_request_id", "")).encode()
    if isinstance(event, dict) and ("requestContext" in event or "httpMethod" in event):
        return _http(service, event, identity)
    headers = [(b"content-type", JSON), (b"x-request-id", identity)]
    answer = _answered(service.answer(Request(headers), msgspec.json.encode(event), may_wait=True))
    return msgspec.json.decode(answer.body)


def _answered(answer: Answer) -> Answer:
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise FailedError(answer.body.decode())
    return answer


def _http(service: Service, event: dict[str, Any], identity: bytes) -> dict[str, Any]:
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in _headers(event)]
    if identity and not any(name == b"x-request-id" for name, _ in headers):
        headers.append((b"x-request-id", identity))
    http = event.get("requestContext", {}).get("http", {})
    method, path = event.get("httpMethod") or http.get("method", "GET"), event.get("path") or event.get("rawPath", "/")
    query = event.get("rawQueryString") or urlencode(event.get("queryStringParameters") or {})
    body = (event.get("body") or "").encode()
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    request = Request(headers, query.encode())
    answer = _answered(service.respond(request, method, path, body))
    return _response(service, request, answer)


def _headers(event: dict[str, Any]) -> list[tuple[str, str]]:
    """Headers of the event; the load balancer may send each with a list of values."""
    several = event.get("multiValueHeaders")
    if several:
        return [(name, value) for name, values in several.items() for value in values]
    return list((event.get("headers") or {}).items())


def _response(service: Service, request: Request, answer: Answer) -> dict[str, Any]:
    headers = {name.decode(): value.decode("latin-1") for name, value in service.headers(request, answer)}
    headers.pop("content-length")  # counted by whoever turns this into HTTP
    return {"statusCode": answer.status, "headers": headers, "body": answer.body.decode(), "isBase64Encoded": False}


if "AWS_LAMBDA_RUNTIME_API" in os.environ:  # in an execution environment: its start may take longer than a request
    _service()
