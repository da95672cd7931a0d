"""Requests that botocore lets through and the service does not: sent as they are, past the client's own checks."""

from __future__ import annotations

import json
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from local.emulator import Emulator
from local.identity import ACCESS_KEY

AUTHORIZATION = (
    f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20260101/eu-west-1/{{service}}/aws4_request, "
    "SignedHeaders=host, Signature=0"
)


def raw(emulator: Emulator, service: str, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
    headers = {
        "Authorization": AUTHORIZATION.format(service=service),
        "X-Amz-Target": target,
        "Content-Type": "application/x-amz-json-1.1",
    }
    # moto loads a service when it is first asked for, which takes longer than urllib3's own 3 s on a busy machine
    answer = urllib3.request("POST", emulator.url, body=body, headers=headers, timeout=600)
    return answer.status, {key.lower(): value for key, value in answer.json().items()}


def test_every_fault_of_a_request_is_named(emulator: Emulator) -> None:
    body = json.dumps({"EndpointConfigName": "a_b", "ProductionVariants": [], "KmsKeyId": "key 1"}).encode()
    status, answer = raw(emulator, "sagemaker", "SageMaker.CreateEndpointConfig", body)
    assert (status, answer["__type"]) == (400, "ValidationException")
    assert answer["message"] == (
        "3 validation errors detected: "
        "Value 'a_b' at 'endpointConfigName' failed to satisfy constraint: Member must satisfy regular expression "
        "pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}; "
        "Value '[]' at 'productionVariants' failed to satisfy constraint: Member must have length greater than or "
        "equal to 1; "
        "Value 'key 1' at 'kmsKeyId' failed to satisfy constraint: Member must satisfy regular expression pattern: "
        "[a-zA-Z0-9:/_-]*"
    )


def test_a_missing_member_is_named(emulator: Emulator) -> None:
    status, answer = raw(emulator, "sagemaker", "SageMaker.DescribeEndpoint", b"{}")
    assert (status, answer["message"]) == (
        400,
        "1 validation error detected: Value null at 'endpointName' failed to satisfy constraint: "
        "Member must not be null",
    )


def test_enumerations_and_maxima_deep_in_a_request(sagemaker: Any) -> None:
    routing = {"Type": "SIDEWAYS", "WaitIntervalInSeconds": 9999}
    with pytest.raises(ClientError) as error:
        sagemaker.update_endpoint(
            EndpointName="nobody",
            EndpointConfigName="none",
            DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
        )
    path = "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration"
    assert error.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": (
            f"2 validation errors detected: Value 'SIDEWAYS' at '{path}.type' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [ALL_AT_ONCE, CANARY, LINEAR]; "
            f"Value '9999' at '{path}.waitIntervalInSeconds' failed to satisfy constraint: "
            "Member must have value less than or equal to 3600"
        ),
    }


@pytest.mark.parametrize(
    ("service", "target"),
    [("events", "AWSEvents.PutRule"), ("ssm", "AmazonSSM.PutParameter"), ("kms", "TrentService.Encrypt")],
)
def test_services_that_moto_parses_itself_are_checked_too(emulator: Emulator, service: str, target: str) -> None:
    status, answer = raw(emulator, service, target, b"{}")
    assert (status, answer["__type"]) == (400, "ValidationException")
    assert "failed to satisfy constraint: Member must not be null" in answer["message"]


def test_a_body_that_is_no_json(emulator: Emulator) -> None:
    status, answer = raw(emulator, "events", "AWSEvents.PutRule", b"not json")
    assert (status, answer["__type"]) == (400, "SerializationException")
