from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from automation.operations import preflight
from automation.operations.findings import Finding, Stack
from automation.operations.tracking_servers import VARIABLE, tracking_servers
from tests.components.operations.test_tracking import SERVER
from tests.components.operations.test_tracking import tracking as deployed


def stack(sagemaker: Any, *servers: str) -> Stack:
    functions = [{"environment": {"variables": {VARIABLE: each}}} for each in servers]
    resources = [{"type": "aws:lambda/function:Function", "inputs": each} for each in ({}, *functions)]
    return Stack(resources=resources, region="eu-west-1", client={"sagemaker": sagemaker}.__getitem__)


@pytest.fixture
def sagemaker() -> Any:
    return boto3.client("sagemaker", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.mark.parametrize(
    ("status", "active", "holds", "fix"),
    [
        ("Created", "Active", True, ""),
        ("Started", "Active", True, ""),
        (
            "Stopped",
            "Inactive",
            False,
            "aws sagemaker start-mlflow-tracking-server --tracking-server-name team",
        ),
    ],
)
def test_a_server_has_to_be_at_work(sagemaker: Any, status: str, active: str, fix: str, *, holds: bool) -> None:
    with Stubber(sagemaker) as says:
        answer = {"TrackingServerArn": SERVER, "TrackingServerStatus": status, "IsActive": active}
        says.add_response("describe_mlflow_tracking_server", answer, {"TrackingServerName": "team"})
        found = list(tracking_servers(stack(sagemaker, SERVER, SERVER)))
    assert found == [Finding(subject=SERVER, holds=holds, found=f"{status}, {active}", fix=fix)]


def test_one_that_nobody_made_is_told_with_what_to_do(sagemaker: Any) -> None:
    with Stubber(sagemaker) as says:
        says.add_client_error("describe_mlflow_tracking_server", "ResourceNotFound", "no")
        (found,) = tracking_servers(stack(sagemaker, SERVER))
    assert (found.holds, found.found) == (False, "no such tracking server")
    assert found.fix == "create it, or name another in training.tracking_server"


def test_what_may_not_be_asked_is_not_known(sagemaker: Any) -> None:
    with Stubber(sagemaker) as says:
        says.add_client_error("describe_mlflow_tracking_server", "AccessDeniedException", "no")
        (found,) = tracking_servers(stack(sagemaker, SERVER))
    assert (found.subject, found.holds) == (SERVER, None)


def test_it_is_looked_for_where_the_program_says_it_and_nowhere_else(sagemaker: Any) -> None:
    function = deployed().one("churn-tracking-function").inputs
    assert function["environment"]["variables"][VARIABLE] == SERVER
    assert list(tracking_servers(stack(sagemaker))) == []
    assert preflight.CHECKS["tracking servers"] is tracking_servers
