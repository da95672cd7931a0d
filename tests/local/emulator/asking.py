"""Asynchronous endpoints over the stand-in server, for tests of the emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from local.emulator import Emulator
from tests.local.emulator.conftest import Serving


class Asynchronous:
    """Makes asynchronous endpoints and asks them."""

    def __init__(self, emulator: Emulator, serving: Serving, open_queue: Callable[[str], str]) -> None:
        self._emulator, self._serving, self._open_queue = emulator, serving, open_queue
        self.runtime, self.s3 = emulator.client("sagemaker-runtime"), serving.s3

    def endpoint(self, name: str, **behaviour: Any) -> str:
        bucket, topics = self._serving.bucket, {}
        for side in ("Success", "Error"):
            topics[f"{side}Topic"] = self._topic(f"{name}-{side}")
        output = {
            "S3OutputPath": f"s3://{bucket}/{name}/predictions/",
            "S3FailurePath": f"s3://{bucket}/{name}/failures/",
            "NotificationConfig": topics,
        }
        config = {"OutputConfig": output, "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 2}}
        model = self._serving.model(name, **behaviour)
        capture = {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{bucket}/{name}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
        }
        self._serving.config(name, {"one": (model, 1)}, AsyncInferenceConfig=config, DataCaptureConfig=capture)
        return self._serving.endpoint(name, name)

    def _topic(self, name: str) -> str:
        topic = self._emulator.client("sns").create_topic(Name=name)["TopicArn"]
        sqs = self._emulator.client("sqs")
        arn = sqs.get_queue_attributes(QueueUrl=self._open_queue(name), AttributeNames=["QueueArn"])["Attributes"]
        self._emulator.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
        return topic

    def message(self, name: str, side: str) -> dict[str, Any] | None:
        """The next message on a topic of the endpoint."""
        sqs = self._emulator.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{name}-{side}")["QueueUrl"]
        found = sqs.receive_message(QueueUrl=url).get("Messages", [])
        return json.loads(json.loads(found[0]["Body"])["Message"]) if found else None

    def ask(self, name: str, body: str = "1,2\n", **more: Any) -> dict[str, Any]:
        """A request whose input lies in S3."""
        self.s3.put_object(Bucket=self._serving.bucket, Key=f"{name}/input.csv", Body=body)
        given = {"InputLocation": f"s3://{self._serving.bucket}/{name}/input.csv", "ContentType": "text/csv"} | more
        return self.runtime.invoke_endpoint_async(EndpointName=name, **given)

    def read(self, uri: str) -> bytes | None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchKey"
            return None

    def instances(self, name: str) -> int:
        return self._serving.settled(name)["ProductionVariants"][0]["CurrentInstanceCount"]
