"""A smoke test of what an endpoint serves: rows that the contract allows, and one that it does not.

The rows are made up from the contract's ranges, so no data is read and what is captured of them is nobody's.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from botocore.exceptions import ClientError

from automation.evidence.junit import Case
from automation.operations import archives
from contracts import specimens
from contracts.kinds.kind import Host
from contracts.names import EndpointNames
from contracts.release import Record
from contracts.release.lambda_ import ALIAS
from contracts.release.live import Live
from contracts.schema import Contract

#: What an answer to one row says, whatever the task, one of them (docs/inference.md).
_VALUES: Final = ("score", "prediction")
#: The status of a row against the contract.
_AGAINST_CONTRACT: Final = HTTPStatus.UNPROCESSABLE_ENTITY
#: Numbers agree that differ in what a sum of floats in another order may differ.
_RELATIVE: Final = 1e-6
_JSON: Final = "application/json"


class _FailedError(Exception):
    """What a check found."""


class _RefusedError(_FailedError):
    """A row is against the contract, as the endpoint says."""


#: Sends a body to an endpoint, and gives what it answers. Raises _FailedError and ClientError.
_Ask = Callable[[str], bytes | str]


def check(
    names: EndpointNames,
    contract: Contract,
    record: Record | None,
    live: Live | None,
    *,
    stopped: bool,
    host: Host,
    client: Callable[[str], Any],
) -> list[Case]:
    """Every check of one endpoint; one that is left out where nothing is to serve, or answers later.

    `record` is its release record, `live` what serves, `stopped` what the stack's config says of it, `host` what runs
    it; `client` gives the clients of boto3 by service.
    """
    if live is None:
        return [_absent(names.prefix, record, stopped=stopped)]
    if live.scheduled:
        return [Case(endpoint=names.prefix, name="answers", skipped="it is a batch endpoint: predictions lie in S3")]
    if host == "ecs":
        return [
            Case(endpoint=names.prefix, name="answers", skipped="it answers inside the network alone: ask from there")
        ]
    if host == "lambda":
        return list(_checked(names.prefix, contract, _function(names.prefix, client("lambda"))))
    if host == "component":
        return _component(names, contract, live, client("sagemaker-runtime"))
    config = client("sagemaker").describe_endpoint_config(EndpointConfigName=live.config)
    if config.get("AsyncInferenceConfig"):
        return [Case(endpoint=names.prefix, name="answers", skipped="it is asynchronous: answers lie in S3")]
    models = record.wanted.models if record else {}
    asked = {model: {"TargetModel": archives.target(model)} for model in sorted(models)} or {"": {}}
    return [
        case
        for model, more in asked.items()
        for case in _checked(names.prefix, contract, _endpoint(names.prefix, client("sagemaker-runtime"), more), model)
    ]


def _component(names: EndpointNames, contract: Contract, live: Live, runtime: Any) -> list[Case]:
    """Of an inference component: where it has no copy, a request would be refused, and bring one back."""
    if not any(live.counts.values()):
        return [
            Case(endpoint=names.prefix, name="answers", skipped="it has no copy: requests are refused until it has")
        ]
    return list(
        _checked(names.prefix, contract, _endpoint(names.prefix, runtime, {"InferenceComponentName": names.prefix}))
    )


def _absent(endpoint: str, record: Record | None, *, stopped: bool) -> Case:
    """Of an endpoint that is not there: no fault where nothing was promoted, or the config stops it."""
    if record is None or stopped:
        reason = "it is stopped" if stopped else "it waits for its first release"
        return Case(endpoint=endpoint, name="answers", skipped=reason)
    failure = f"it is not there, and release {record.wanted.id} is promoted: run `up`"
    return Case(endpoint=endpoint, name="answers", failure=failure)


def _checked(endpoint: str, contract: Contract, ask: _Ask, model: str = "") -> Iterator[Case]:
    """The checks of one model, of several that of this name."""
    one, other = specimens.rows(contract)
    answers: list[Mapping[str, Any]] = []

    def alone() -> None:
        answers.append(_predicted(_asked(one, ask)))

    def together() -> None:
        found = _asked([one, other], ask).get("predictions")
        if not isinstance(found, list) or len(found) != 2:
            raise _FailedError(f"two rows were answered by {_short(found)}; allowed: two predictions")
        if answers and not _same(answers[0], _predicted(found[0])):
            raise _FailedError(f"a row alone gives {_short(answers[0])}, beside another one {_short(found[0])}")

    def refused() -> None:
        wrong = {name: {} for name in one}
        try:
            found = _asked(wrong, ask)
        except _RefusedError:
            return
        raise _FailedError(f"a row without any value was answered by {_short(found)}; allowed: status 422")

    acts = (("answers a row", alone), ("answers rows as it answers one", together), ("refuses a wrong row", refused))
    for name, act in acts:
        yield _case(endpoint, f"{model} {name}".lstrip(), act)


def _case(endpoint: str, name: str, act: Callable[[], None]) -> Case:
    started = time.monotonic()
    try:
        act()
    except _FailedError as error:
        failure: str | None = str(error)
    except ClientError as error:
        failure = _said(error)
    else:
        failure = None
    return Case(endpoint=endpoint, name=name, seconds=time.monotonic() - started, failure=failure)


def _endpoint(endpoint: str, runtime: Any, more: Mapping[str, str]) -> _Ask:
    """By InvokeEndpoint; `more` says which of several models, or which component, a body is for."""

    def ask(body: str) -> bytes:
        try:
            answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType=_JSON, Accept=_JSON, Body=body, **more)
        except ClientError as error:
            if error.response.get("OriginalStatusCode") == _AGAINST_CONTRACT:
                raise _RefusedError(_said(error)) from error
            raise
        return answer["Body"].read()

    return ask


def _function(endpoint: str, functions: Any) -> _Ask:
    """By an HTTP request in an event, as an API Gateway sends it: so the answer has a status."""

    def ask(body: str) -> str:
        event = {"httpMethod": "POST", "path": "/invocations", "headers": {"content-type": _JSON}, "body": body}
        answer = functions.invoke(FunctionName=endpoint, Qualifier=ALIAS, Payload=json.dumps(event).encode())
        found = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise _FailedError(f"{found.get('errorType')}: {_short(found.get('errorMessage'))}")
        if found["statusCode"] == _AGAINST_CONTRACT:
            raise _RefusedError(f"status {_AGAINST_CONTRACT}: {_short(found['body'])}")
        if found["statusCode"] != HTTPStatus.OK:
            raise _FailedError(f"status {found['statusCode']}: {_short(found['body'])}")
        return found["body"]

    return ask


def _said(error: ClientError) -> str:
    return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"


def _asked(body: Any, ask: _Ask) -> Mapping[str, Any]:
    text = ask(json.dumps(body))
    try:
        found = json.loads(text)
    except ValueError as error:
        raise _FailedError(f"found {_short(text)}; allowed: JSON") from error
    if not isinstance(found, dict):
        raise _FailedError(f"found {_short(found)}; allowed: an object")
    return found


def _predicted(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    value = next((answer[key] for key in _VALUES if key in answer), None)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise _FailedError(f"found {_short(answer)}; allowed: an answer with {' or '.join(_VALUES)}")
    return answer


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(_close(one[key], other[key]) for key in _VALUES if key in one and key in other)


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=_RELATIVE)
    return one == other


def _short(found: Any) -> str:
    text = repr(found)
    return text if len(text) <= 200 else f"{text[:199]}…"


def summary(cases: Sequence[Case]) -> str:
    """One line about all checks."""
    ran = [each for each in cases if not each.skipped]
    if not ran:
        return "there is nothing to ask"
    passed = sum(each.failure is None for each in ran)
    endpoints, slowest = len({each.endpoint for each in ran}), 1000 * max(each.seconds for each in ran)
    return f"{passed} of {len(ran)} checks of {endpoints} endpoints passed, the slowest in {slowest:.0f} ms"
