from __future__ import annotations

import functools
import importlib
import json
import sys
import zipfile
from pathlib import Path

import pulumi
import pytest

from components import operations
from components.operations.tracking import Tracking, TrackingArgs
from tests.components.engine import CHURN, LETTERS, Deployment, deploy, ground, permissions
from tests.settings.written import churn, load

SERVER = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/team"
ARTIFACTS = "123456789012-staging-ai-artifacts"


@functools.cache
def tracking(server: str = SERVER) -> Deployment:
    def program() -> None:
        args = TrackingArgs(ground=ground(), names=CHURN, server=server, dead_letters_arn=LETTERS)
        Tracking("churn-tracking", args)

    return deploy(program)


def test_the_function_is_told_which_server_and_which_experiment() -> None:
    function = tracking().one("churn-tracking-function").inputs
    assert function["name"] == "churn-staging-tracking"
    assert function["handler"] == "workloads.tracking.handler.handle"
    assert function["environment"] == {"variables": {"TRACKING_SERVER": SERVER, "EXPERIMENT": "churn-staging"}}
    assert (function["timeout"], function["reservedConcurrentExecutions"]) == (300, 1)
    assert function["deadLetterConfig"] == {"targetArn": LETTERS}


def test_it_may_read_runs_of_its_workload_and_fill_runs_of_the_one_server() -> None:
    statements = permissions(tracking(), "churn-tracking-role")
    assert statements["LogRuns"] == {
        "Effect": "Allow",
        "Action": [
            "sagemaker-mlflow:CreateExperiment",
            "sagemaker-mlflow:CreateRun",
            "sagemaker-mlflow:GetExperimentByName",
            "sagemaker-mlflow:LogBatch",
            "sagemaker-mlflow:SearchRuns",
            "sagemaker-mlflow:UpdateRun",
        ],
        "Resource": [SERVER],
    }
    objects = {
        resource
        for statement in statements.values()
        if "s3:GetObject" in statement["Action"]
        for resource in statement["Resource"]
    }
    assert objects == {f"arn:aws:s3:::{ARTIFACTS}/runs/churn/*"}
    assert not any("s3:PutObject" in statement["Action"] for statement in statements.values())


def test_it_is_called_for_the_two_files_that_say_something_of_a_run() -> None:
    deployment = tracking()
    assert json.loads(deployment.one("churn-tracking-rule").inputs["eventPattern"]) == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": [ARTIFACTS]},
            "object": {
                "key": [
                    {"wildcard": "runs/churn/*/output/output.tar.gz"},
                    {"wildcard": "runs/churn/*/Evaluate/evaluation/evaluation.json"},
                ]
            },
        },
    }
    target = deployment.one("churn-tracking-target").inputs
    assert target["inputPath"] == "$.detail"
    assert target["deadLetterConfig"] == {"arn": LETTERS}
    permission = deployment.one("churn-tracking-permission").inputs
    assert (permission["principal"], permission["action"]) == ("events.amazonaws.com", "lambda:InvokeFunction")
    assert permission["sourceArn"] == "arn:aws:cloudwatch:eu-west-1:123456789012:eventrule/churn-staging-tracking"


@pytest.mark.parametrize(
    "server",
    [
        SERVER.replace("eu-west-1", "us-east-1"),
        SERVER.replace("123456789012", "210987654321"),
        SERVER.replace("arn:aws:", "arn:aws-cn:"),
    ],
)
def test_a_server_that_the_network_and_the_role_do_not_lead_to_is_refused(server: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        tracking(server)
    assert str(refused.value) == (
        f"workloads.churn.training.tracking_server: found {server!r}; allowed: "
        "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/<name>, a server of this account and region, "
        "where the VPC's endpoint and the role lead; name such a one"
    )


def test_the_network_leads_to_tracking_servers_where_a_workload_names_one() -> None:
    training = {"tracking": "mlflow", "tracking_server": SERVER}
    workloads = load(workloads=churn(training=training)).workloads.values()
    assert operations.calls([*workloads])["tracking"] == {"experiments"}
    assert "tracking" not in operations.calls([*load(workloads=churn()).workloads.values()])


def test_the_archive_holds_all_that_its_handler_imports(tmp_path: Path) -> None:
    """The handler is imported from the archive alone, with this repository out of reach."""
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path, asset in tracking().one("churn-tracking-function").inputs["code"].assets.items():
            file.write(asset.path, path)
    kept = {
        name: sys.modules.pop(name)
        for name in list(sys.modules)
        if name.partition(".")[0] in ("workloads", "contracts")
    }
    before = list(sys.path)
    sys.path[:] = [str(archive), *(p for p in sys.path if p and not (Path(p) / "workloads").exists())]
    try:
        handler = importlib.import_module("workloads.tracking.handler")
        assert str(handler.__file__).startswith(str(archive))
    finally:
        sys.path[:] = before
        for name in [name for name in sys.modules if name.partition(".")[0] in ("workloads", "contracts")]:
            del sys.modules[name]
        sys.modules.update(kept)
