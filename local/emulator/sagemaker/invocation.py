"""InvokeEndpoint: a request goes to a real model server, is captured and counted.

moto answers with a canned body, also for endpoints that do not exist, and fails on bodies that are not text.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import ServiceException
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from local.emulator.context import Context
from local.emulator.extension import replace
from local.emulator.sagemaker.capture import Capture, Exchange
from local.emulator.sagemaker.fleets import Fleet, Variant
from local.emulator.sagemaker.hosting import Hosted
from local.emulator.sagemaker.invocation_metrics import Invocation, InvocationMetrics, Served
from local.emulator.sagemaker.model_servers import INVOKE_SECONDS, Answer, ServerGoneError, ServerSlowError

MAXIMUM_BYTES = 6 * 1024 * 1024  # a real-time request or response (SageMaker developer guide, "Real-time inference")
_FORWARDED = ("content-type", "accept")
_CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


class InvocationError(ServiceException):
    """A request InvokeEndpoint refuses."""

    code = "ValidationError"


class ModelError(ServiceException):
    """The model answered with an error, or not at all. The attributes are members of the API's error."""

    code = "ModelError"

    def __init__(self, endpoint: Hosted, status: int, original: str, message: str) -> None:
        group = f"/aws/sagemaker/Endpoints/{endpoint.endpoint_name}"
        super().__init__(f"{message} See log group {group} in account {endpoint.account} for more information.")
        self.original_status_code = status
        self.original_message = original[:1024]
        self.log_stream_arn = f"arn:aws:logs:{endpoint.region}:{endpoint.account}:log-group:{group}"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of InvokeEndpoint."""

    body: bytes
    headers: dict[str, str]

    def header(self, name: str) -> str | None:
        """A header by name, in any case."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)

    def forwarded(self) -> dict[str, str]:
        """The headers a container gets: those of InvokeEndpoint, no others."""
        return {
            key: value
            for key, value in self.headers.items()
            if key.lower() in _FORWARDED or key.lower().startswith("x-amzn-sagemaker-")
        }


class Invoker:
    """Serves InvokeEndpoint."""

    def __init__(self, context: Context, capture: Capture, metrics: InvocationMetrics) -> None:
        self._context = context
        self._capture = capture
        self._metrics = metrics

    def invoke(self, endpoint: Hosted, request: Request) -> tuple[Variant, Answer]:
        """Send a request to a variant of the endpoint; the variant that answered, and its answer.

        Raises:
            ModelError: the model answered with an error, too late or not at all.
        """
        fleet, variant, answer, failure = self._answer(endpoint, request)
        shadow = fleet.shadowed(variant)
        if shadow is not None:
            self._context.background.submit(self._shadow, endpoint, fleet, shadow, request)
        if failure is not None:
            raise failure
        if answer.status >= 400:
            text = answer.body.decode("utf-8", errors="replace")
            side = "client" if answer.status < 500 else "server"
            message = f'Received {side} error ({answer.status}) from primary with message "{text}".'
            raise ModelError(endpoint, answer.status, text, message)
        return variant, answer

    def _answer(self, endpoint: Hosted, request: Request) -> tuple[Fleet, Variant, Answer, ModelError | None]:
        began = time.perf_counter()
        if endpoint.traffic is None:
            raise InvocationError(f"Endpoint {endpoint.endpoint_name} of account {endpoint.account} not found.")
        fleet = endpoint.traffic.fleet()
        variant = fleet.choose(request.header("X-Amzn-SageMaker-Target-Variant"))
        failure = None
        try:
            answer = variant.server.invoke(request.body, request.forwarded())
        except ServerGoneError as error:
            if fleet not in endpoint.traffic.fleets():  # it was retired between the choice and the request
                return self._answer(endpoint, request)
            answer = Answer(status=503, headers={}, body=b"", seconds=time.perf_counter() - began)
            message = 'Received server error (503) from primary with message "the model server does not answer".'
            failure = ModelError(endpoint, 503, str(error), message)
        except ServerSlowError as error:
            answer = Answer(status=504, headers={}, body=b"", seconds=INVOKE_SECONDS)
            message = "Your invocation timed out while waiting for a response from container primary."
            failure = ModelError(endpoint, 504, str(error), message)
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
        served = Served(
            account=endpoint.account,
            region=endpoint.region,
            endpoint=endpoint.endpoint_name,
            variant=variant.name,
            config=fleet.config_name,
        )
        invocation = Invocation(
            status=answer.status,
            instances=variant.instances or 1,
            model_seconds=answer.seconds,
            overhead_seconds=max(0.0, seconds - answer.seconds),
        )
        self._metrics.add(served, invocation)
        if answer.status < 400:
            exchange = Exchange(
                moment=datetime.now(UTC),
                request_type=request.header("Content-Type") or "application/octet-stream",
                request=request.body,
                response_type=answer.headers.get("Content-Type", "application/octet-stream"),
                response=answer.body,
                inference_id=request.header("X-Amzn-SageMaker-Inference-Id"),
                custom_attributes=request.header(_CUSTOM_ATTRIBUTES),
            )
            self._capture.record(endpoint.region, endpoint.endpoint_name, variant.name, fleet.capture, exchange)


def install(context: Context, capture: Capture, metrics: InvocationMetrics) -> None:
    """Serve the operation."""
    invoker = Invoker(context, capture, metrics)

    def invoke_endpoint(self: SageMakerRuntimeResponse) -> TYPE_RESPONSE:
        name = self.path.split("/")[2]
        endpoints: dict[str, Any] = sagemaker_backends[self.current_account][self.region].endpoints
        endpoint: Hosted | None = endpoints.get(name)
        if endpoint is None:
            raise InvocationError(f"Endpoint {name} of account {self.current_account} not found.")
        body = self.raw_body if isinstance(self.raw_body, bytes) else str(self.raw_body).encode()
        if len(body) > MAXIMUM_BYTES:
            raise InvocationError(f"Request of {len(body)} bytes is larger than the allowed {MAXIMUM_BYTES} bytes.")
        variant, answer = invoker.invoke(endpoint, Request(body=body, headers=dict(self.headers)))
        headers = {
            "Content-Type": answer.headers.get("Content-Type", "application/octet-stream"),
            "x-Amzn-Invoked-Production-Variant": variant.name,
        }
        attributes = next((v for k, v in answer.headers.items() if k.lower() == _CUSTOM_ATTRIBUTES.lower()), None)
        if attributes:
            headers[_CUSTOM_ATTRIBUTES] = attributes
        return 200, headers, answer.body

    SageMakerRuntimeResponse.use_raw_body = True
    replace(SageMakerRuntimeResponse, "invoke_endpoint", invoke_endpoint)
