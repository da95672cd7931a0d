"""The queues of asynchronous endpoints and who works on them: as many requests at once as there are instances for.

A request waits while there is no instance, longer than its time to live only as one that expired; it is processed by
whichever fleet serves when its turn comes. Times are the emulator's.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

from botocore.exceptions import ClientError
from moto.sagemaker.models import sagemaker_backends

from local.emulator.asynchronous import metrics, results
from local.emulator.asynchronous.requests import MAXIMUM_BYTES, Queued
from local.emulator.asynchronous.results import Outcome
from local.emulator.context import Context
from local.emulator.extension import store
from local.emulator.sagemaker.capture import Capture, Exchange
from local.emulator.sagemaker.endpoints import all_hosted
from local.emulator.sagemaker.fleets import Fleet, Variant
from local.emulator.sagemaker.hosting import Hosted
from local.emulator.sagemaker.model_servers import Answer, ServerGoneError, ServerSlowError

TICK_SECONDS = 0.05
_CONCURRENT = 1  # SageMaker "chooses an optimal value" where none is given
_TEXT = "text/plain"


@dataclass(kw_only=True)
class Queue:
    """The requests of one endpoint."""

    waiting: list[Queued] = field(default_factory=list[Queued])
    under_way: list[Queued] = field(default_factory=list[Queued])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def requests(self) -> list[Queued]:
        """All of them, oldest first."""
        with self.lock:
            return sorted([*self.under_way, *self.waiting], key=lambda each: each.received)


def is_asynchronous(endpoint: Hosted) -> bool:
    """Whether it takes asynchronous requests, and no others."""
    return bool(endpoint.config.get("AsyncInferenceConfig"))


def queue(endpoint: Hosted) -> Queue:
    """The endpoint's queue."""
    backend = sagemaker_backends[endpoint.account][endpoint.region]
    return store(backend, "asynchronous requests").setdefault(endpoint.arn, Queue())


class Worker:
    """Processes what waits, and publishes how much does."""

    def __init__(self, context: Context, capture: Capture) -> None:
        self._context, self._capture = context, capture

    def work(self) -> None:
        """Begin what can be begun now."""
        for endpoint in _asynchronous():
            mine = queue(endpoint)
            for request in self._expired(mine):
                self._context.background.detach(self._expire, endpoint, request)
            with mine.lock:
                free = _instances(endpoint) * _concurrent(endpoint) - len(mine.under_way)
                begun, mine.waiting = mine.waiting[: max(free, 0)], mine.waiting[max(free, 0) :]
                mine.under_way += begun
            for request in begun:
                self._context.background.detach(self._process, endpoint, mine, request)

    def publish(self) -> None:
        """Publish the metrics of every queue; called each minute."""
        for endpoint in _asynchronous():
            requests = queue(endpoint).requests()
            oldest = self._context.clock.emulated() - requests[0].received if requests else 0.0
            values = metrics.of_queue(
                requests=len(requests), instances=_instances(endpoint), oldest_seconds=max(oldest, 0)
            )
            metrics.publish(endpoint, values)

    def _expired(self, mine: Queue) -> list[Queued]:
        now = self._context.clock.emulated()
        with mine.lock:
            expired = [each for each in mine.waiting if now - each.received > each.ttl_seconds]
            mine.waiting = [each for each in mine.waiting if each not in expired]
        return expired

    def _expire(self, endpoint: Hosted, request: Queued) -> None:
        reason = f"The request expired: it waited longer than {request.ttl_seconds:g} seconds."
        results.deliver(self._context, endpoint, request, _failure(reason))
        for variant in _fleet(endpoint).production:
            metrics.publish(endpoint, {"ExpiredRequests": (1.0, "Count")}, variant)

    def _process(self, endpoint: Hosted, mine: Queue, request: Queued) -> None:
        began, waits = self._context.clock.emulated(), False
        try:
            found = self._serve(endpoint, request)
            waits = found is None
        finally:  # before anybody sees the outcome: who does may move the clock
            with mine.lock:
                mine.under_way.remove(request)
                if waits:
                    mine.waiting.insert(0, request)
        if found:
            self._tell(endpoint, request, began, *found)

    def _serve(self, endpoint: Hosted, request: Queued) -> tuple[Variant, Answer, Outcome] | None:
        """Answer one request; None when its fleet was retired meanwhile, so that the next one is to take it."""
        fleet = _fleet(endpoint)
        variant = fleet.choose(None)
        try:
            answer, outcome = self._answer(endpoint, fleet, variant, request)
        except ServerGoneError as error:
            if endpoint.traffic and fleet not in endpoint.traffic.fleets():
                return None
            answer = Answer(status=503, headers={}, body=b"", seconds=0.0)
            outcome = _failure(f"the model server does not answer: {error}")
        return variant, answer, outcome

    def _tell(
        self, endpoint: Hosted, request: Queued, began: float, variant: Variant, answer: Answer, outcome: Outcome
    ) -> None:
        results.deliver(self._context, endpoint, request, outcome)
        ended = self._context.clock.emulated()
        values = metrics.of_request(
            status=answer.status,
            model_seconds=answer.seconds,
            waited_seconds=began - request.received,
            total_seconds=ended - request.received,
            failed=outcome.reason is not None,
        )
        metrics.publish(endpoint, values, variant.name)

    def _answer(self, endpoint: Hosted, fleet: Fleet, variant: Variant, request: Queued) -> tuple[Answer, Outcome]:
        none = Answer(status=0, headers={}, body=b"", seconds=0.0)
        try:
            body = self._input(endpoint, request)
        except ClientError as error:
            return none, _failure(f"Could not download {request.input_location}: {error}")
        if len(body) > MAXIMUM_BYTES:
            return none, _failure(f"{request.input_location} has {len(body)} bytes, allowed are {MAXIMUM_BYTES}")
        try:
            answer = variant.server.invoke(body, request.headers(), seconds=request.timeout_seconds)
        except ServerSlowError:
            slow = Answer(status=504, headers={}, body=b"", seconds=request.timeout_seconds)
            return slow, _failure(f"The model did not answer within {request.timeout_seconds:g} seconds.")
        content_type = answer.header("Content-Type") or "application/octet-stream"
        if answer.status >= HTTPStatus.BAD_REQUEST:
            return answer, Outcome(
                body=answer.body,
                content_type=content_type,
                reason=f"ClientError: Received error ({answer.status}) from primary.",
            )
        exchange = Exchange(
            moment=datetime.now(UTC),
            request_type=request.content_type or "application/octet-stream",
            request=body,
            response_type=content_type,
            response=answer.body,
            inference_id=request.inference_id,
            custom_attributes=request.custom_attributes,
        )
        self._capture.record(endpoint.region, endpoint.endpoint_name, variant.name, fleet.capture, exchange)
        return answer, Outcome(body=answer.body, content_type=content_type)

    def _input(self, endpoint: Hosted, request: Queued) -> bytes:
        if request.input_location is None:
            return request.body
        bucket, key = results.split(request.input_location)
        return self._context.client("s3", endpoint.region).get_object(Bucket=bucket, Key=key)["Body"].read()


def _asynchronous() -> Iterator[Hosted]:
    for endpoint in all_hosted():
        if is_asynchronous(endpoint) and endpoint.traffic is not None:
            yield endpoint


def _fleet(endpoint: Hosted) -> Fleet:
    if endpoint.traffic is None:
        raise ServerGoneError(f"endpoint {endpoint.endpoint_name} has nothing that serves")
    return endpoint.traffic.fleet()


def _instances(endpoint: Hosted) -> int:
    return sum(variant.instances or 0 for variant in _fleet(endpoint).production.values())


def _concurrent(endpoint: Hosted) -> int:
    client = endpoint.config["AsyncInferenceConfig"].get("ClientConfig") or {}
    return int(client.get("MaxConcurrentInvocationsPerInstance") or _CONCURRENT)


def _failure(reason: str) -> Outcome:
    return Outcome(body=reason.encode(), content_type=_TEXT, reason=reason)


def install(context: Context, capture: Capture) -> Worker:
    """Work as long as the emulator lives."""
    worker = Worker(context, capture)
    context.ticker.every(TICK_SECONDS, worker.work)
    return worker
