"""Requests for an asynchronous endpoint: put into S3, asked for, and answered in S3."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from contracts.names import EndpointNames
from local.loop import LoopError
from local.loop.traffic import CONNECTIONS, Answered, Answers, answers

#: How long an answer may take.
PATIENCE_SECONDS = 600
#: Looks at S3 between two looks at the instances.
_POLLS = 25


class Queue:
    """An application that asks an asynchronous endpoint.

    Queue(names, s3=s3, runtime=sagemaker_runtime, wake=wake).ask(bodies, rows=40)

    `wake` lets a minute pass where no instance is there, which only comes after minutes.
    """

    def __init__(self, names: EndpointNames, *, s3: Any, runtime: Any, wake: Callable[[], None]) -> None:
        self._names, self._s3, self._runtime, self._wake = names, s3, runtime, wake

    def ask(self, bodies: Sequence[bytes], *, rows: int) -> Answers:
        """Send rows (JSON objects), so many in a request, and wait for the answers: counts and latencies of rows."""
        chunks = [bodies[start : start + rows] for start in range(0, len(bodies), rows)]
        return answers(self._answer, chunks, CONNECTIONS)

    def _answer(self, bodies: Sequence[bytes]) -> list[Answered]:
        start = time.perf_counter()
        prediction, failure = self._send(bodies)
        found, _ = self._wait(prediction, failure)
        if found is not None and len(json.loads(found)["predictions"]) != len(bodies):
            raise LoopError(f"{prediction} has not one prediction for each of the {len(bodies)} rows: {found[:200]}")
        took = (time.perf_counter() - start) * 1e3
        return [(500 if found is None else 200, took, "")] * len(bodies)

    def _send(self, bodies: Sequence[bytes]) -> tuple[str, str]:
        """Put one request into the queue; where its prediction or its failure will be."""
        bucket, key = self._names.processed_bucket, f"{self._names.asynchronous}requests/{uuid.uuid4()}.json"
        self._s3.put_object(Bucket=bucket, Key=key, Body=b"[" + b",".join(bodies) + b"]")
        asked = self._runtime.invoke_endpoint_async(
            EndpointName=self._names.prefix, InputLocation=f"s3://{bucket}/{key}", ContentType="application/json"
        )
        return asked["OutputLocation"], asked["FailureLocation"]

    def _wait(self, *places: str) -> list[bytes | None]:
        """What lies at each of the places once one of them has something. LoopError if none ever has."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for _ in range(_POLLS):
                found = [self._read(place) for place in places]
                if any(each is not None for each in found):
                    return found
                time.sleep(0.02)
            self._wake()
        raise LoopError(f"nothing was at {' or '.join(places)} after {PATIENCE_SECONDS} s")

    def _read(self, uri: str) -> bytes | None:
        """What lies there; None as long as there is nothing."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return None
