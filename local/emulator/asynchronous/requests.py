"""One asynchronous request: what InvokeEndpointAsync was asked, and where its answer goes.

Source: SageMaker API reference, InvokeEndpointAsync (limits and defaults), and developer guide, "Asynchronous
inference" (1 GB of input).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAXIMUM_BYTES = 1024**3
MAXIMUM_INLINE_BYTES = 128_000
_TTL_SECONDS, _TIMEOUT_SECONDS = 21_600, 900
_HEADER = "x-amzn-sagemaker-"


@dataclass(frozen=True, kw_only=True)
class Queued:
    """A request in the queue. `received` is emulated time; `body` is given in place of an input location."""

    inference_id: str
    input_location: str | None
    body: bytes
    content_type: str | None
    accept: str | None
    custom_attributes: str | None
    ttl_seconds: float
    timeout_seconds: float
    output_location: str
    failure_location: str | None
    received: float

    def headers(self) -> dict[str, str]:
        """What the container gets beside the body."""
        given = {
            "content-type": self.content_type,
            "accept": self.accept,
            "x-amzn-sagemaker-custom-attributes": self.custom_attributes,
            "x-amzn-sagemaker-inference-id": self.inference_id,
        }
        return {key: value for key, value in given.items() if value is not None}


def faults(headers: Mapping[str, str], body: bytes) -> list[str]:
    """What is wrong with a request, in the words of its members; `headers` by their names in lower case."""
    location = headers.get(f"{_HEADER}inputlocation")
    found = [] if bool(location) != bool(body) else ["exactly one of InputLocation and Body must be provided"]
    if location and not location.startswith(("s3://", "https://")):
        found.append(f"InputLocation is {location}, must be an S3 URI")
    if len(body) > MAXIMUM_INLINE_BYTES:
        found.append(f"Body has {len(body)} bytes, allowed are {MAXIMUM_INLINE_BYTES}")
    for name, least, most in (("RequestTTLSeconds", 60, 21_600), ("InvocationTimeoutSeconds", 1, 3600)):
        given = headers.get(f"{_HEADER}{name.lower()}")
        if given is not None and not least <= int(given) <= most:
            found.append(f"{name} is {given}, allowed are {least} to {most}")
    return found


def queued(headers: Mapping[str, str], body: bytes, config: Mapping[str, Any], received: float) -> Queued:
    """The request as it waits; `config` is the endpoint's AsyncInferenceConfig."""
    output = config["OutputConfig"]
    mine = str(uuid.uuid4())  # the caller's id may come twice, the name of a result may not
    extension = headers.get(f"{_HEADER}s3outputpathextension")
    path = "/".join(part.strip("/") for part in (output["S3OutputPath"], extension) if part)
    failure = output.get("S3FailurePath")
    return Queued(
        inference_id=headers.get(f"{_HEADER}inference-id") or mine,
        input_location=headers.get(f"{_HEADER}inputlocation"),
        body=body,
        content_type=headers.get(f"{_HEADER}content-type"),
        accept=headers.get(f"{_HEADER}accept"),
        custom_attributes=headers.get(f"{_HEADER}custom-attributes"),
        ttl_seconds=float(headers.get(f"{_HEADER}requestttlseconds") or _TTL_SECONDS),
        timeout_seconds=float(headers.get(f"{_HEADER}invocationtimeoutseconds") or _TIMEOUT_SECONDS),
        output_location=f"{path}/{headers.get(f'{_HEADER}filename') or f'{mine}.out'}",
        failure_location=f"{failure.rstrip('/')}/{mine}-error.out" if failure else None,
        received=received,
    )
