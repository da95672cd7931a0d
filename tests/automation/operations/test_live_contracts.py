"""Preflight says what the program would refuse, of stacks in the emulator."""

from __future__ import annotations

import dataclasses

import boto3
from botocore.stub import Stubber

from automation.operations import live_contracts
from automation.operations.findings import Finding
from contracts import growth, loader, schema
from contracts.schema import ColumnType, Contract
from tests.automation.conftest import Platform

CHURN = loader.load("contracts/churn.yaml")
TEXT = dataclasses.replace(
    CHURN,
    columns=tuple(
        dataclasses.replace(each, type=ColumnType.STRING) if each.name == "support_tickets" else each
        for each in CHURN.columns
    ),
)


def deployed(platform: Platform, contract: Contract) -> None:
    names, text = platform.names.of_its_workload, schema.to_json(contract)
    sha = schema.contract_sha(text)
    platform.client("s3").put_object(Bucket=names.artifacts_bucket, Key=names.layout.contract(sha), Body=text.encode())
    platform.client("ssm").put_parameter(Name=names.contract_parameter, Value=sha, Type="String", Overwrite=True)


def found(platform: Platform, contract: Contract) -> list[Finding]:
    return list(live_contracts.findings({platform.names.of_its_workload: contract}, platform.client))


def test_what_was_never_deployed_takes_anything(platform: Platform) -> None:
    assert found(platform, CHURN) == []


def test_each_reason_is_a_finding_and_so_is_that_there_is_none(platform: Platform) -> None:
    workload = platform.names.workload
    deployed(platform, TEXT)
    (fault,) = growth.faults(TEXT, CHURN)
    assert found(platform, CHURN) == [
        Finding(
            subject=f"contract {workload}", holds=False, found=fault, fix="docs/automation.md, A contract grows"
        )
    ]  # fmt: skip
    deployed(platform, CHURN)
    assert found(platform, CHURN) == [
        Finding(subject=f"contract {workload}", holds=True, found="what is deployed can take it")
    ]


def test_what_may_not_be_read_is_unknown(platform: Platform) -> None:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    ssm = boto3.client("ssm", region_name="eu-west-1", **keys)
    with Stubber(ssm) as stub:
        stub.add_client_error("get_parameter", "AccessDeniedException", "no")
        (one,) = live_contracts.findings(
            {platform.names.of_its_workload: CHURN}, {"ssm": ssm, "s3": None}.__getitem__
        )  # fmt: skip
    assert (one.holds, one.fix) == (None, "allow it for who runs preflight, or look it up by hand")
