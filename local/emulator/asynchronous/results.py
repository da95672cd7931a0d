"""What becomes of an asynchronous request: its object in S3, and its message on a topic.

Source: SageMaker developer guide, "Check prediction results" (the messages' members; a response of up to 128 KB is
part of the message where the topic is named in IncludeInferenceResponseIn).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from local.emulator.asynchronous.requests import Queued
from local.emulator.context import Context
from local.emulator.delivery.log import Status
from local.emulator.sagemaker.hosting import Hosted

_INCLUDED_BYTES = 128 * 1024


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The answer of a model, or why there is none (`reason`)."""

    body: bytes
    content_type: str
    reason: str | None = None


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def deliver(context: Context, endpoint: Hosted, request: Queued, outcome: Outcome) -> None:
    """Write the object and tell the topic. What cannot be told is logged, as SageMaker counts it and goes on."""
    output = endpoint.config["AsyncInferenceConfig"]["OutputConfig"]
    location = request.output_location if outcome.reason is None else request.failure_location
    if location is not None:
        bucket, key = split(location)
        kms = output.get("KmsKeyId")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms} if kms else {}
        context.client("s3", endpoint.region).put_object(
            Bucket=bucket, Key=key, Body=outcome.body, ContentType=outcome.content_type, **encryption
        )
    side = "Success" if outcome.reason is None else "Error"
    topic = (output.get("NotificationConfig") or {}).get(f"{side}Topic")
    if topic is None:
        return
    included = (output.get("NotificationConfig") or {}).get("IncludeInferenceResponseIn") or []
    text = json.dumps(_message(endpoint, request, outcome, included=f"{side.upper()}_NOTIFICATION_TOPIC" in included))
    try:
        context.client("sns", endpoint.region).publish(TopicArn=topic, Message=text)
    except ClientError as error:
        context.log.add(endpoint.arn, topic, Status.FAILED, error=str(error))
        return
    context.log.add(endpoint.arn, topic, Status.DELIVERED, inference_id=request.inference_id)


def _message(endpoint: Hosted, request: Queued, outcome: Outcome, *, included: bool) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    response: Mapping[str, Any] = {"contentType": outcome.content_type}
    if outcome.reason is None:
        response = {**response, "outputLocation": request.output_location}
    elif request.failure_location:
        response = {**response, "failureLocation": request.failure_location}
    message = {
        "awsRegion": endpoint.region,
        "eventTime": now,
        "receivedTime": now,
        "invocationStatus": "Completed" if outcome.reason is None else "Failed",
        "failureReason": outcome.reason,
        "requestParameters": {
            "contentType": request.content_type,
            "endpointName": endpoint.endpoint_name,
            "inputLocation": request.input_location,
        },
        "responseParameters": response,
        "inferenceId": request.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    if included and len(outcome.body) <= _INCLUDED_BYTES:
        message["responseBody"] = {"content": base64.b64encode(outcome.body).decode(), "encoding": "BASE64"}
    return {key: value for key, value in message.items() if value is not None}
