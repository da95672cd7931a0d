from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.models import live_contracts
from contracts import loader, release, schema
from contracts.schema import Contract
from tests.components.engine import CHURN, NAMES, Deployment, deploy

LIST, READ = "aws:s3/getObjects:getObjects", "aws:s3/getObject:getObject"
NOW = loader.load("contracts/churn.yaml")
WIDER = dataclasses.replace(NOW, columns=(*NOW.columns, schema.Column(name="logins", type=schema.ColumnType.INTEGER)))
PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-staging/1"
RECORD = release.promote(None, PACKAGE, who="test", why="first", when="2025-01-06T09:00:00+00:00")


def sha(contract: Contract) -> str:
    return schema.contract_sha(schema.to_json(contract))


def key(contract: Contract) -> str:
    return f"contracts/churn/{sha(contract)}/contract.json"


def judge(
    parameters: dict[str, str], packages: dict[str, Any], invokes: dict[str, Any] | None = None
) -> Callable[[], Deployment]:
    releases = {"churn": {"live": RECORD}}
    return lambda: deploy(
        lambda: live_contracts.require_growth(
            NAMES, {"churn": NOW}, parameters, releases, packages, pulumi.InvokeOptions()
        ),
        invokes=invokes or {},
    )  # fmt: skip


def stored(contract: Contract) -> dict[str, Any]:
    """A bucket with the contract; any other call fails the test."""
    place = {"bucket": "123456789012-staging-ai-artifacts"}

    def listed(args: dict[str, Any]) -> dict[str, Any]:
        assert args == place | {"prefix": key(contract)}
        return {"keys": [key(contract)]}

    def read(args: dict[str, Any]) -> dict[str, Any]:
        assert args == place | {"key": key(contract)}
        return {"body": schema.to_json(contract)}

    return {LIST: listed, READ: read}


def of(contract: Contract) -> dict[str, Any]:
    return {PACKAGE: {"CustomerMetadataProperties": {"contract_sha": sha(contract)}}}


@pytest.mark.parametrize("parameters", [{}, {CHURN.contract_parameter: sha(NOW)}])
def test_nothing_is_asked_where_nothing_is_live_or_the_contract_is_the_same(parameters: dict[str, str]) -> None:
    judge(parameters, {})()
    judge(parameters, of(NOW))()
    judge(parameters, {PACKAGE: {}})()


def test_the_newest_deployment_stands_for_what_lives() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        judge({CHURN.contract_parameter: sha(WIDER)}, of(NOW), stored(WIDER))()
    lines = str(caught.value).splitlines()
    assert lines[0] == f"contract churn: what is deployed (contract {sha(WIDER)}) cannot take it"
    assert lines[1].startswith("  columns.logins: found nothing; live: integer; ")
    assert lines[2:] == ["nothing was changed; docs/automation.md: A contract grows"]


def test_without_it_the_live_model_does() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        judge({}, of(WIDER), stored(WIDER))()
    assert str(caught.value).startswith(
        f"contract churn: the live model of churn-staging-live (contract {sha(WIDER)}) cannot take it\n"
    )


def test_a_contract_that_grew_is_taken() -> None:
    other = dataclasses.replace(NOW, threshold=0.5, columns=NOW.columns[:-2] + NOW.columns[-1:])
    judge({CHURN.contract_parameter: sha(other)}, {}, stored(other))()


def test_a_contract_that_is_not_there_is_told_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", said.append)
    judge({}, of(WIDER), {LIST: {"keys": []}})()
    assert said == [
        "churn: the contract of the live model of churn-staging-live is not at s3://123456789012-staging-ai-artifacts/"
        f"{key(WIDER)}: nothing is compared"
    ]
