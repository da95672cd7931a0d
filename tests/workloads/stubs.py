"""AWS clients whose every call must have been announced: botocore checks each request, and any other call fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.stub import ANY, Stubber

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:churn-prod-operations"


class StubbedClients:
    """One stubbed client a service, by name."""

    def __init__(self, *services: str) -> None:
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self.clients: dict[str, Any] = {name: boto3.client(name, "eu-west-1", **keys) for name in services}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def expect(self, service: str, operation: str, answer: Mapping[str, Any], request: Mapping[str, Any]) -> None:
        """The next call of `service` is this one, and gets this answer."""
        self.stubs[service].add_response(operation, dict(answer), dict(request))

    def expect_notice(self, subject: str) -> None:
        """People are told, under this subject."""
        self.expect("sns", "publish", {"MessageId": "1"}, {"TopicArn": TOPIC_ARN, "Subject": subject, "Message": ANY})

    def all_called(self) -> None:
        """Fails if an announced call was not made."""
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()
