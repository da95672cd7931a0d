from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator
from local.emulator.guard import error_body


def refusal(call: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as error:
        call()
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def test_a_service_the_emulator_lacks(emulator: Emulator) -> None:
    found = refusal(lambda: emulator.client("accessanalyzer").list_analyzers())
    assert found == (501, "NotEmulated", "the emulator has no service access-analyzer")


def test_an_operation_the_emulator_lacks(sagemaker: Any) -> None:
    status, code, message = refusal(lambda: sagemaker.list_hubs())
    assert (status, code) == (501, "NotEmulated")
    assert message == "sagemaker.ListHubs: The list_hubs action has not been implemented"


def test_an_operation_of_a_query_service_that_the_emulator_lacks(emulator: Emulator) -> None:
    status, code, _ = refusal(lambda: emulator.client("iam").generate_service_last_accessed_details(Arn="a" * 20))
    assert (status, code) == (501, "NotEmulated")


@pytest.mark.parametrize(
    ("service", "content_type", "expected"),
    [
        ("sagemaker", "application/x-amz-json-1.1", b'{"__type": "Code", "message": "a < b"}'),
        ("s3", "", b"<Error><Code>Code</Code><Message>a &lt; b</Message></Error>"),
        (
            "iam",
            "application/x-www-form-urlencoded; charset=utf-8",
            b"<ErrorResponse><Error><Code>Code</Code><Message>a &lt; b</Message></Error></ErrorResponse>",
        ),
        (
            "ec2",
            "application/x-www-form-urlencoded",
            b"<Response><Errors><Error><Code>Code</Code><Message>a &lt; b</Message></Error></Errors></Response>",
        ),
    ],
)
def test_errors_are_in_the_callers_protocol(service: str, content_type: str, expected: bytes) -> None:
    assert error_body("Code", "a < b", service=service, content_type=content_type)[1] == expected
