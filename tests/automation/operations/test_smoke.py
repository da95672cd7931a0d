"""The smoke test of an endpoint, against answers that are played; its rows against the service that reads them."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from automation.evidence.junit import Case, cases
from automation.operations import smoke
from contracts import specimens
from contracts.kinds.kind import Host as HostName
from contracts.loader import load
from contracts.names import Names
from contracts.release import Record, promote
from contracts.release.sagemaker import SageMaker as Host
from contracts.schema import Contract
from workloads.features import categories
from workloads.inference.errors import Refused
from workloads.inference.reader import Reader

ROOT = Path(__file__).parents[3]
CONTRACTS = ["contracts/churn.yaml", *(str(path.relative_to(ROOT)) for path in (ROOT / "examples").rglob("*.yaml"))]
LIVE = Names(stack="staging", account="123456789012", region="eu-west-1").of_workload("churn").of_endpoint("live")
CHURN = load(ROOT / "contracts" / "churn.yaml")
PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-staging/1"
Answer = Callable[[Any], Any]


def contracts() -> list[Contract]:
    found: list[Contract] = []
    for path in CONTRACTS:
        if "columns:" in (ROOT / path).read_text():
            found.append(load(ROOT / path))
    return found


class Runtime:
    """Answers a request by what a function says of its body; an int is the status of a refusal."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        assert (request["EndpointName"], request["ContentType"]) == ("churn-staging-live", "application/json")
        answer = self._answer(json.loads(request["Body"]))
        if isinstance(answer, int):
            error = {"Code": "ModelError", "Message": f"Received client error ({answer}) from primary"}
            raise ClientError({"Error": error, "OriginalStatusCode": answer}, "InvokeEndpoint")  # type: ignore[arg-type]
        return {"Body": io.BytesIO(answer if isinstance(answer, bytes) else json.dumps(answer).encode())}


class SageMaker:
    """One endpoint, or none; `config` is what its configuration has."""

    class exceptions:  # noqa: N801 - as botocore calls it
        ClientError = ClientError

    def __init__(
        self,
        config: dict[str, Any] | None,
        message: str = "Could not find endpoint",
        code: str = "ValidationException",
    ) -> None:
        self._config, self._refusal = config, {"Code": code, "Message": message}

    def describe_endpoint(self, **_: Any) -> dict[str, Any]:
        if self._config is None:
            raise ClientError({"Error": self._refusal}, "DescribeEndpoint")  # type: ignore[typeddict-item]
        moment = datetime(2026, 11, 29, tzinfo=UTC)
        return {"EndpointConfigName": "config", "EndpointStatus": "InService", "LastModifiedTime": moment}

    def describe_endpoint_config(self, **_: Any) -> dict[str, Any]:
        return self._config or {}


def good(body: Any) -> Any:
    if isinstance(body, dict):
        return 422 if {} in body.values() else {"score": 0.25, "decision": False, "model_version": "1"}
    return {"predictions": [{"score": 0.25, "decision": False}, {"score": 0.5, "decision": False}]}


def asked(
    sagemaker: SageMaker, answer: Answer = good, *, record: Record | None = None, stopped: bool = False
) -> list[Case]:
    clients = {"sagemaker": sagemaker, "sagemaker-runtime": Runtime(answer)}
    live = Host(LIVE.prefix, sagemaker).observe()
    return smoke.check(
        LIVE, CHURN, record, live, stopped=stopped, host="sagemaker", client=lambda service: clients[service]
    )


def failures(answer: Answer) -> dict[str, str | None]:
    found = asked(SageMaker({}), answer)
    assert [each.skipped for each in found] == [None] * 3
    return {each.name: each.failure for each in found}


def test_an_endpoint_that_answers_by_its_contract_passes() -> None:
    assert failures(good) == {
        "answers a row": None,
        "answers rows as it answers one": None,
        "refuses a wrong row": None,
    }


@pytest.mark.parametrize(
    ("answer", "check", "failure"),
    [
        (
            lambda body: 500,
            "answers a row",
            "ModelError: Received client error (500) from primary",
        ),
        (lambda body: b"<html>", "answers a row", "found b'<html>'; allowed: JSON"),
        (lambda body: [1], "answers a row", "found [1]; allowed: an object"),
        (
            lambda body: {"score": float("nan")},
            "answers a row",
            "found {'score': nan}; allowed: an answer with score or prediction",
        ),
        (
            lambda body: good(body) if isinstance(body, dict) else {"predictions": [{"score": 0.25}]},
            "answers rows as it answers one",
            "two rows were answered by [{'score': 0.25}]; allowed: two predictions",
        ),
        (
            lambda body: good(body) if isinstance(body, dict) else {"predictions": [{"score": 0.9}, {"score": 0.5}]},
            "answers rows as it answers one",
            "a row alone gives {'score': 0.25, 'decision': False, 'model_version': '1'}, "
            "beside another one {'score': 0.9}",
        ),
        (
            lambda body: {"score": 0.25} if isinstance(body, dict) else good(body),
            "refuses a wrong row",
            "a row without any value was answered by {'score': 0.25}; allowed: status 422",
        ),
        (
            lambda body: 500 if isinstance(body, dict) and {} in body.values() else good(body),
            "refuses a wrong row",
            "ModelError: Received client error (500) from primary",
        ),
    ],
)
def test_an_endpoint_that_does_not_is_told_by_what_was_found(answer: Answer, check: str, failure: str) -> None:
    assert failures(answer)[check] == failure


class Functions:
    """Answers an HTTP request in an event by what a function says of its body; an int is the status of an error."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def invoke(self, **request: Any) -> dict[str, Any]:
        assert (request["FunctionName"], request["Qualifier"]) == ("churn-staging-live", "live")
        event = json.loads(request["Payload"])
        assert (event["httpMethod"], event["path"]) == ("POST", "/invocations")
        answer = self._answer(json.loads(event["body"]))
        if answer == 500:
            failed = {"errorType": "FailedError", "errorMessage": "the model cannot be read"}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(failed).encode())}
        status, text = (answer, "no") if isinstance(answer, int) else (200, json.dumps(answer))
        return {"Payload": io.BytesIO(json.dumps({"statusCode": status, "body": text}).encode())}


def of_host(host: HostName, functions: Functions | None = None) -> list[Case]:
    live = Host(LIVE.prefix, SageMaker({})).observe()
    clients = {"lambda": functions}
    return smoke.check(LIVE, CHURN, None, live, stopped=False, host=host, client=lambda service: clients[service])


def test_a_function_is_asked_by_its_alias() -> None:
    assert [(each.name, each.failure, each.skipped) for each in of_host("lambda", Functions(good))] == [
        ("answers a row", None, None),
        ("answers rows as it answers one", None, None),
        ("refuses a wrong row", None, None),
    ]


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (
            lambda body: 500,
            ["FailedError: 'the model cannot be read'"] * 3,
        ),
        (lambda body: 413, ["status 413: 'no'"] * 3),
        (lambda body: 422, ["status 422: 'no'", "status 422: 'no'", None]),
        (
            lambda body: {"score": 0.25} if isinstance(body, dict) else good(body),
            [None, None, "a row without any value was answered by {'score': 0.25}; allowed: status 422"],
        ),
    ],
)
def test_a_function_that_does_not_answer_by_its_contract_is_told_by_what_was_found(
    answer: Answer, failed: list[str | None]
) -> None:
    assert [each.failure for each in of_host("lambda", Functions(answer))] == failed


class Named(Runtime):
    """Answers requests that name their component."""

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        assert request["InferenceComponentName"] == "churn-staging-live"
        return super().invoke_endpoint(**request)


def of_component(copies: int) -> list[Case]:
    found = Host(LIVE.prefix, SageMaker({})).observe()
    assert found is not None
    live = dataclasses.replace(found, counts={"champion": copies})
    clients = {"sagemaker-runtime": Named(good)}
    return smoke.check(LIVE, CHURN, None, live, stopped=False, host="component", client=lambda each: clients[each])


def test_an_inference_component_is_asked_by_its_name_and_left_alone_without_a_copy() -> None:
    assert [(each.name, each.failure, each.skipped) for each in of_component(1)] == [
        ("answers a row", None, None),
        ("answers rows as it answers one", None, None),
        ("refuses a wrong row", None, None),
    ]
    reason = "it has no copy: requests are refused until it has"
    assert of_component(0) == [Case(endpoint="churn-staging-live", name="answers", skipped=reason)]


def test_what_answers_in_the_network_alone_is_left_out() -> None:
    assert of_host("ecs") == [
        Case(
            endpoint="churn-staging-live",
            name="answers",
            skipped="it answers inside the network alone: ask from there",
        )
    ]


def test_numbers_that_a_sum_in_another_order_gives_are_the_same() -> None:
    near = {"predictions": [{"score": 0.25 + 1e-9}, {"score": 0.5}]}
    assert (
        failures(lambda body: near if isinstance(body, list) else good(body))["answers rows as it answers one"] is None
    )


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (None, "it waits for its first release"),
        ({"AsyncInferenceConfig": {"OutputConfig": {}}}, "it is asynchronous: answers lie in S3"),
    ],
)
def test_what_serves_nothing_yet_or_answers_later_is_left_out(config: dict[str, Any] | None, reason: str) -> None:
    found = asked(SageMaker(config))
    assert found == [Case(endpoint="churn-staging-live", name="answers", skipped=reason)]
    assert smoke.summary(found) == "there is nothing to ask"


def test_one_that_is_not_there_is_a_fault_where_a_release_is_promoted_unless_the_config_stops_it() -> None:
    record = promote(None, PACKAGE, who="user/ana", why="first", when="2026-11-29T00:00:00.000+00:00")
    (found,) = asked(SageMaker(None), record=record)
    assert found.failure == f"it is not there, and release {record.wanted.id} is promoted: run `up`"
    (found,) = asked(SageMaker(None), record=record, stopped=True)
    assert (found.failure, found.skipped) == (None, "it is stopped")


def test_an_endpoint_that_may_not_be_read_is_no_endpoint_that_waits() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        asked(SageMaker(None, message="User is not authorized", code="AccessDenied"))


def test_another_refusal_is_no_endpoint_that_waits_either() -> None:
    with pytest.raises(ClientError, match="1 validation error"):
        asked(SageMaker(None, message="1 validation error detected"))


@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.name)
def test_the_rows_are_those_that_the_service_takes_and_the_wrong_one_is_refused(contract: Contract) -> None:
    learned = categories.declared(contract) | dict.fromkeys(categories.columns(contract), ("a",))
    reader, found = Reader(contract, max_rows=10, lists=learned), specimens.rows(contract)
    assert len(reader.json(json.dumps(found).encode()).values) == 2
    assert found[0] != found[1]
    with pytest.raises(Refused) as refused:
        reader.json(json.dumps({name: {} for name in found[0]}).encode())
    assert refused.value.status == 422


def test_a_report_has_a_case_for_each_check_with_what_failed_or_was_left_out() -> None:
    found = [
        Case(endpoint="a", name="answers a row", seconds=0.0125),
        Case(endpoint="a", name="refuses a wrong row", seconds=0.5, failure='found "x"'),
        Case(endpoint="b", name="answers", skipped="it waits for its first release"),
    ]
    assert smoke.summary(found) == "1 of 2 checks of 1 endpoints passed, the slowest in 500 ms"
    assert cases("smoke of staging", found).splitlines()[1:] == [
        '<testsuites name="smoke of staging">',
        '  <testsuite name="smoke of staging" tests="3" failures="1" skipped="1">',
        '    <testcase classname="a" name="answers a row" time="0.013" />',
        '    <testcase classname="a" name="refuses a wrong row" time="0.500">',
        '      <failure message="found &quot;x&quot;" />',
        "    </testcase>",
        '    <testcase classname="b" name="answers" time="0.000">',
        '      <skipped message="it waits for its first release" />',
        "    </testcase>",
        "  </testsuite>",
        "</testsuites>",
    ]
