"""A smoke test of what an endpoint serves: rows that the contract allows, and one that it does not.

The rows are made up from the contract's ranges, so no data is read and what is captured of them is nobody's.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from automation.evidence.junit import Case
from contracts.names import EndpointNames
from contracts.release import Record
from contracts.release.live import Live
from contracts.schema import Column, ColumnType, Contract

#: What an answer to one row says, whatever the task, one of them (docs/inference.md).
_VALUES: Final = ("score", "prediction")
#: The status of a row against the contract.
_AGAINST_CONTRACT: Final = 422
#: Numbers agree that differ in what a sum of floats in another order may differ.
_RELATIVE: Final = 1e-6
_ENTITY: Final[Mapping[ColumnType, Any]] = {ColumnType.INTEGER: 1, ColumnType.NUMBER: 1.0}
_ANY: Final[Mapping[ColumnType, Any]] = {
    ColumnType.STRING: "smoke",
    ColumnType.BOOLEAN: True,
    ColumnType.TIMESTAMP: "2026-01-01T00:00:00Z",
}


class _FailedError(Exception):
    """What a check found."""


def rows(contract: Contract) -> list[dict[str, Any]]:
    """Two rows, at the lower and at the upper end of what each input may be."""
    entity = contract.column(contract.entity)
    known = {contract.entity: _ENTITY.get(entity.type, "smoke")}
    return [known | {column.name: _value(column, end) for column in contract.inputs} for end in (0, -1)]


def check(
    names: EndpointNames,
    contract: Contract,
    record: Record | None,
    live: Live | None,
    *,
    stopped: bool,
    sagemaker: Any,
    runtime: Any,
) -> list[Case]:
    """Every check of one endpoint; one that is left out where nothing is to serve, or answers later.

    `record` is its release record, `live` what serves, `stopped` what the stack's config says of it.
    """
    if live is None:
        return [_absent(names.prefix, record, stopped=stopped)]
    if live.scheduled:
        return [Case(endpoint=names.prefix, name="answers", skipped="it is a batch endpoint: predictions lie in S3")]
    if live.asked_by:
        return [Case(endpoint=names.prefix, name="answers", skipped=f"it is asked by {live.asked_by}")]
    config = sagemaker.describe_endpoint_config(EndpointConfigName=live.config)
    if config.get("AsyncInferenceConfig"):
        return [Case(endpoint=names.prefix, name="answers", skipped="it is asynchronous: answers lie in S3")]
    return list(_checked(names.prefix, contract, runtime))


def _absent(endpoint: str, record: Record | None, *, stopped: bool) -> Case:
    """Of an endpoint that is not there: no fault where nothing was promoted, or the config stops it."""
    if record is None or stopped:
        reason = "it is stopped" if stopped else "it waits for its first release"
        return Case(endpoint=endpoint, name="answers", skipped=reason)
    failure = f"it is not there, and release {record.wanted.id} is promoted: run `up`"
    return Case(endpoint=endpoint, name="answers", failure=failure)


def _checked(endpoint: str, contract: Contract, runtime: Any) -> Iterator[Case]:
    one, other = rows(contract)
    answers: list[Mapping[str, Any]] = []

    def alone() -> None:
        answers.append(_predicted(_asked(endpoint, one, runtime)))

    def together() -> None:
        found = _asked(endpoint, [one, other], runtime).get("predictions")
        if not isinstance(found, list) or len(found) != 2:
            raise _FailedError(f"two rows were answered by {_short(found)}; allowed: two predictions")
        if answers and not _same(answers[0], _predicted(found[0])):
            raise _FailedError(f"a row alone gives {_short(answers[0])}, beside another one {_short(found[0])}")

    def refused() -> None:
        wrong = {name: {} for name in one}
        try:
            found = _asked(endpoint, wrong, runtime)
        except ClientError as error:
            if error.response.get("OriginalStatusCode") == _AGAINST_CONTRACT:
                return
            raise
        raise _FailedError(f"a row without any value was answered by {_short(found)}; allowed: status 422")

    acts = (("answers a row", alone), ("answers rows as it answers one", together), ("refuses a wrong row", refused))
    for name, act in acts:
        yield _case(endpoint, name, act)


def _case(endpoint: str, name: str, act: Callable[[], None]) -> Case:
    started = time.monotonic()
    try:
        act()
    except _FailedError as error:
        failure: str | None = str(error)
    except ClientError as error:
        failure = f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    else:
        failure = None
    return Case(endpoint=endpoint, name=name, seconds=time.monotonic() - started, failure=failure)


def _asked(endpoint: str, body: Any, runtime: Any) -> Mapping[str, Any]:
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint, ContentType="application/json", Accept="application/json", Body=json.dumps(body)
    )
    text = answer["Body"].read()
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


def _value(column: Column, end: int) -> Any:
    """A value that the column allows: the first or the last one, the least or the greatest."""
    if column.allowed:
        return column.allowed[end]
    if column.type not in (ColumnType.INTEGER, ColumnType.NUMBER):
        return _ANY[column.type]
    low, high = column.minimum, column.maximum
    least, most = (low if low is not None else min(0, high or 0)), (high if high is not None else max(1, low or 1))
    value = (least, most)[end]
    return math.ceil(value) if column.type is ColumnType.INTEGER and end == 0 else _whole(column, value)


def _whole(column: Column, value: float) -> int | float:
    return math.floor(value) if column.type is ColumnType.INTEGER else float(value)


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
