"""InvokeEndpoint: a request goes to a real model server, is captured and counted.

moto answers with a canned body, also for endpoints that do not exist, and fails on bodies that are not text. Requests
for predictions do not go through moto at all: its dispatch would take longer than most models.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from moto.sagemaker.models import sagemaker_backends

from contracts import partitions
from contracts.kinds import SERVERLESS
from contracts.namespaces import HOSTS
from local.emulator.context import Context
from local.emulator.sagemaker.capture import Capture, Exchange
from local.emulator.sagemaker.copies import COMPONENT, ComponentServer, NoCapacityError, NoComponentError
from local.emulator.sagemaker.fleets import Fleet, NoVariantError, Variant
from local.emulator.sagemaker.hosting import Hosted
from local.emulator.sagemaker.invocation_metrics import Invocation, InvocationMetrics, Served
from local.emulator.sagemaker.model_servers import INVOKE_SECONDS, Answer, ServerGoneError, ServerSlowError
from local.emulator.sagemaker.multi_model import TARGET, NoModelError
from local.emulator.sagemaker.serverless import ThrottledError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH = re.compile(r"/endpoints/([^/]+)/invocations/?")
MAXIMUM_BYTES = 6 * 1024 * 1024  # a real-time request or response (SageMaker developer guide, "Real-time inference")
_FORWARDED = ("content-type", "accept")
_CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_REGION = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/")
_MODEL_ERROR = 424


class InvocationError(Exception):
    """What InvokeEndpoint answers instead of a prediction: HTTP status, error code and the members of the error."""

    def __init__(self, status: int, code: str, message: str, **members: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.members = {"Message": message, **members}


def refused(message: str) -> InvocationError:
    """A request that is wrong in itself."""
    return InvocationError(HTTPStatus.BAD_REQUEST, "ValidationError", message)


def too_large(size: int, most: int) -> InvocationError:
    """A body above the limit of its kind of endpoint."""
    return refused(f"Request of {size} bytes is larger than the allowed {most} bytes.")


def model_error(endpoint: Hosted, status: int, original: str, message: str) -> InvocationError:
    """The model answered with an error, or not at all."""
    group = f"{HOSTS}/{endpoint.endpoint_name}"
    return InvocationError(
        _MODEL_ERROR,
        "ModelError",
        f"{message} See log group {group} in account {endpoint.account} for more information.",
        OriginalStatusCode=status,
        OriginalMessage=original[:1024],
        LogStreamArn=f"arn:{partitions.of(endpoint.region).name}:logs:{endpoint.region}:{endpoint.account}:log-group:{group}",
    )


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of InvokeEndpoint; `headers` by their names in lower case."""

    body: bytes
    headers: dict[str, str]

    def header(self, name: str) -> str | None:
        """A header by name, in any case."""
        return self.headers.get(name.lower())

    def forwarded(self) -> dict[str, str]:
        """The headers a container gets: those of InvokeEndpoint, no others."""
        return {k: v for k, v in self.headers.items() if k in _FORWARDED or k.startswith("x-amzn-sagemaker-")}


class Invoker:
    """A WSGI application that serves InvokeEndpoint."""

    def __init__(self, context: Context, capture: Capture, metrics: InvocationMetrics) -> None:
        self._context = context
        self._capture = capture
        self._metrics = metrics

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            endpoint, request = addressed(self._context, PATH, environ), _request(environ)
            if endpoint.config.get("AsyncInferenceConfig"):
                raise refused(f"Endpoint {endpoint.endpoint_name} is asynchronous; use InvokeEndpointAsync.")
            variant, answer = self.invoke(endpoint, request)
        except InvocationError as error:
            return respond(error, start_response)
        headers = [
            ("Content-Type", answer.header("Content-Type") or "application/octet-stream"),
            ("x-Amzn-Invoked-Production-Variant", variant.name),
            ("Content-Length", str(len(answer.body))),
        ]
        if attributes := answer.header(_CUSTOM_ATTRIBUTES):
            headers.append((_CUSTOM_ATTRIBUTES, attributes))
        start_response("200 OK", headers)
        return [answer.body]

    def invoke(self, endpoint: Hosted, request: Request) -> tuple[Variant, Answer]:
        """Send a request to a variant of the endpoint; the variant that answered, and its answer.

        Raises:
            InvocationError: the request is refused, or the model answered with an error, too late or not at all.
        """
        fleet, variant, answer, failure = self._answer(endpoint, request)
        shadow = fleet.shadowed(variant)
        if shadow is not None:
            self._context.background.submit(self._shadow, endpoint, fleet, shadow, request)
        if failure is not None:
            raise failure
        if answer.status >= HTTPStatus.BAD_REQUEST:
            text = answer.body.decode("utf-8", errors="replace")
            side = "client" if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR else "server"
            message = f'Received {side} error ({answer.status}) from primary with message "{text}".'
            raise model_error(endpoint, answer.status, text, message)
        return variant, answer

    def _answer(self, endpoint: Hosted, request: Request) -> tuple[Fleet, Variant, Answer, InvocationError | None]:
        began = time.perf_counter()
        if endpoint.traffic is None:
            raise refused(f"Endpoint {endpoint.endpoint_name} of account {endpoint.account} not found.")
        fleet = endpoint.traffic.fleet()
        try:
            variant = fleet.choose(request.header("X-Amzn-SageMaker-Target-Variant"))
        except NoVariantError as error:
            raise refused(str(error)) from error
        failure = None
        if (request.header(TARGET) is not None) is not variant.container.several:
            wanted = "TargetModel is required" if variant.container.several else "TargetModel is not supported"
            raise refused(f"{wanted} by endpoint {endpoint.endpoint_name}, variant {variant.name}.")
        if variant.serverless and len(request.body) > SERVERLESS.limits.payload_bytes:
            raise too_large(len(request.body), SERVERLESS.limits.payload_bytes)
        try:
            answer = variant.server.invoke(request.body, request.forwarded())
        except (NoModelError, NoComponentError, NoCapacityError) as error:
            raise refused(str(error)) from error
        except ThrottledError as error:
            raise InvocationError(HTTPStatus.BAD_REQUEST, "ThrottlingException", str(error)) from error
        except ServerGoneError as error:
            if fleet not in endpoint.traffic.fleets():  # it was retired between the choice and the request
                return self._answer(endpoint, request)
            answer = Answer(status=503, headers={}, body=b"", seconds=time.perf_counter() - began)
            message = 'Received server error (503) from primary with message "the model server does not answer".'
            failure = model_error(endpoint, 503, str(error), message)
        except ServerSlowError as error:
            answer = Answer(status=504, headers={}, body=b"", seconds=INVOKE_SECONDS)
            message = "Your invocation timed out while waiting for a response from container primary."
            failure = model_error(endpoint, 504, str(error), message)
        self._account(endpoint, fleet, variant, request, answer, time.perf_counter() - began)
        return fleet, variant, answer, failure

    def _shadow(self, endpoint: Hosted, fleet: Fleet, variant: Variant, request: Request) -> None:
        """Let the shadow variant answer too; the caller never sees it."""
        began = time.perf_counter()
        try:
            answer = variant.server.invoke(request.body, request.forwarded())
        except (ServerGoneError, ServerSlowError):
            answer = Answer(status=503, headers={}, body=b"", seconds=time.perf_counter() - began)
        self._account(endpoint, fleet, variant, request, answer, time.perf_counter() - began)

    def _account(
        self, endpoint: Hosted, fleet: Fleet, variant: Variant, request: Request, answer: Answer, seconds: float
    ) -> None:
        """Count an exchange, and capture it when there is an answer to capture."""
        component = request.header(COMPONENT) or ""
        server, instances = variant.server, variant.instances or 1
        served = Served(
            account=endpoint.account,
            region=endpoint.region,
            endpoint=endpoint.endpoint_name,
            variant=variant.name,
            config=fleet.config_name,
            component=component,
        )
        invocation = Invocation(
            status=answer.status,
            instances=server.copies(component) if isinstance(server, ComponentServer) else instances,
            model_seconds=answer.seconds,
            overhead_seconds=max(0.0, seconds - answer.seconds),
            waited_seconds=answer.waited,
        )
        self._metrics.add(served, invocation)
        if answer.status < HTTPStatus.BAD_REQUEST:
            exchange = Exchange(
                moment=datetime.now(UTC),
                request_type=request.header("Content-Type") or "application/octet-stream",
                request=request.body,
                response_type=answer.header("Content-Type") or "application/octet-stream",
                response=answer.body,
                inference_id=request.header("X-Amzn-SageMaker-Inference-Id"),
                custom_attributes=request.header(_CUSTOM_ATTRIBUTES),
            )
            self._capture.record(endpoint.region, endpoint.endpoint_name, variant.name, fleet.capture, exchange)


def addressed(context: Context, path: re.Pattern[str], environ: WSGIEnvironment) -> Hosted:
    """The endpoint that a request names in its path.

    Raises:
        InvocationError: there is none in service.
    """
    found = path.fullmatch(environ["PATH_INFO"])
    name = found.group(1) if found else ""
    scope = _REGION.search(environ.get("HTTP_AUTHORIZATION", ""))
    region = scope.group(1) if scope else context.region
    endpoints: dict[str, Any] = sagemaker_backends[context.account][region].endpoints
    endpoint: Hosted | None = endpoints.get(name)
    if endpoint is None or endpoint.traffic is None:
        raise refused(f"Endpoint {name} of account {context.account} not found.")
    return endpoint


def respond(error: InvocationError, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with an error."""
    body = json.dumps(error.members).encode()
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", error.code)]
    start_response(f"{error.status} {error.code}", [*headers, ("Content-Length", str(len(body)))])
    return [body]


def _request(environ: WSGIEnvironment) -> Request:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    if length > MAXIMUM_BYTES:
        raise too_large(length, MAXIMUM_BYTES)
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    return Request(body=body, headers=headers)
