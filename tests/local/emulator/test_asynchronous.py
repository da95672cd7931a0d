"""InvokeEndpointAsync: input from S3, results and failures in S3 and on topics."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator
from tests.local.emulator.asking import Asynchronous
from tests.local.emulator.conftest import Serving


@pytest.fixture(scope="module")
def asynchronous(emulator: Emulator, serving: Serving, open_queue: Callable[[str], str]) -> Asynchronous:
    return Asynchronous(emulator, serving, open_queue)


def test_the_input_comes_from_s3_and_the_answer_goes_there_with_a_message(
    asynchronous: Asynchronous, name: str, eventually: Callable[..., Any]
) -> None:
    asynchronous.endpoint(name)
    answer = asynchronous.ask(name, "1,2\n3,4\n", InferenceId="mine", CustomAttributes="a=1")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["InferenceId"] == "mine"
    assert answer["FailureLocation"].startswith(f"s3://emulator-tests/{name}/failures/")
    read = json.loads(eventually(lambda: asynchronous.read(answer["OutputLocation"])))
    assert read == {"model": name, "length": 8, "threshold": "0.75", "attributes": "a=1"}
    told = eventually(lambda: asynchronous.message(name, "Success"))
    assert (told["invocationStatus"], told["inferenceId"]) == ("Completed", "mine")
    assert told["responseParameters"] == {
        "contentType": "application/json",
        "outputLocation": answer["OutputLocation"],
    }


def test_what_was_asked_and_answered_is_captured(
    emulator: Emulator, asynchronous: Asynchronous, name: str, eventually: Callable[..., Any]
) -> None:
    asynchronous.endpoint(name)
    answer = asynchronous.ask(name)
    eventually(lambda: asynchronous.read(answer["OutputLocation"]))
    eventually(emulator.flush)
    found = asynchronous.s3.list_objects_v2(Bucket="emulator-tests", Prefix=f"{name}/captured/{name}/one/")
    [line] = asynchronous.read(f"s3://emulator-tests/{found['Contents'][0]['Key']}").splitlines()  # type: ignore[union-attr]
    assert json.loads(line)["captureData"]["endpointInput"]["data"] == "1,2\n"


def test_a_model_that_fails_leaves_a_failure_and_no_prediction(
    asynchronous: Asynchronous, name: str, eventually: Callable[..., Any]
) -> None:
    asynchronous.endpoint(name, status=500)
    answer = asynchronous.ask(name)
    told = eventually(lambda: asynchronous.message(name, "Error"))
    assert told["invocationStatus"] == "Failed"
    assert told["failureReason"] == "ClientError: Received error (500) from primary."
    assert json.loads(asynchronous.read(answer["FailureLocation"]) or b"")["model"] == name
    assert asynchronous.read(answer["OutputLocation"]) is None


def test_an_input_that_is_not_there_is_a_failure(
    asynchronous: Asynchronous, name: str, eventually: Callable[..., Any]
) -> None:
    asynchronous.endpoint(name)
    answer = asynchronous.ask(name, InputLocation="s3://emulator-tests/nowhere.csv")
    told = eventually(lambda: asynchronous.message(name, "Error"))
    assert "Could not download s3://emulator-tests/nowhere.csv" in told["failureReason"]
    assert (asynchronous.read(answer["FailureLocation"]) or b"").startswith(b"Could not download")


def test_each_kind_of_endpoint_takes_its_own_requests_only(
    asynchronous: Asynchronous, serving: Serving, name: str
) -> None:
    serving.endpoint(f"{name}r", serving.config(f"{name}r", {"one": (serving.model(f"{name}r"), 1)}))
    with pytest.raises(ClientError, match="has no AsyncInferenceConfig"):
        asynchronous.ask(f"{name}r")
    asynchronous.endpoint(name)
    with pytest.raises(ClientError, match="is asynchronous; use InvokeEndpointAsync"):
        asynchronous.runtime.invoke_endpoint(EndpointName=name, Body=b"1")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"Body": b"1,2"}, "exactly one of InputLocation and Body"),
        ({"RequestTTLSeconds": 21_601}, "RequestTTLSeconds is 21601, allowed are 60 to 21600"),
        ({"InvocationTimeoutSeconds": 3601}, "InvocationTimeoutSeconds is 3601, allowed are 1 to 3600"),
    ],
)
def test_a_request_that_is_wrong_in_itself_is_refused(
    asynchronous: Asynchronous, name: str, given: dict[str, Any], said: str
) -> None:
    asynchronous.endpoint(name)
    with pytest.raises(ClientError, match=said):
        asynchronous.ask(name, **given)
