"""An account with prepared answers, which botocore checks against the services' own models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from botocore.stub import Stubber

from automation.operations import preflight
from automation.operations.findings import Finding, Stack

KEYS: dict[str, Any] = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
#: The others have tests of their own (test_taken.py, test_offered.py).
CHECKS = {subject: check for subject, check in preflight.CHECKS.items() if subject not in ("services", "names")}


class Account:
    """Clients with prepared answers, asked in order."""

    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}
        self.stubs: dict[str, Stubber] = {}

    def says(self, service: str, operation: str, answer: dict[str, Any]) -> None:
        self._stub(service).add_response(operation, answer)

    def fails(self, service: str, operation: str, code: str) -> None:
        self._stub(service).add_client_error(operation, code, "no")

    def quotas(self, service: str, **values: float) -> None:
        """`_` stands for blanks and points."""
        listed = [{"QuotaName": name, "Value": value, "ServiceCode": service} for name, value in values.items()]
        self.says("service-quotas", "list_aws_default_service_quotas", {"Quotas": listed})
        self.says("service-quotas", "list_service_quotas", {"Quotas": []})

    def checked(self, check: preflight.Check, *resources: dict[str, Any]) -> list[Finding]:
        return self._found({"one": check}, resources)

    def find(self, *resources: dict[str, Any]) -> list[Finding]:
        return self._found(CHECKS, resources)

    def _found(self, checks: Mapping[str, preflight.Check], resources: Sequence[dict[str, Any]]) -> list[Finding]:
        stack = Stack(resources=resources, region="eu-west-1", client=self.clients.__getitem__)
        found = preflight.run(stack, checks)
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()
        return found

    def _stub(self, service: str) -> Stubber:
        if service not in self.stubs:
            self.clients[service] = boto3.client(service, **KEYS)
            self.stubs[service] = Stubber(self.clients[service])
            self.stubs[service].activate()
        return self.stubs[service]


def limits(free: int, most: int = 1000) -> dict[str, Any]:
    return {"AccountLimit": {"ConcurrentExecutions": most, "UnreservedConcurrentExecutions": free}}
