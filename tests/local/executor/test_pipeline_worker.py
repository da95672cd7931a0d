"""The worker over the real executor: what the emulator and `local.executor` agreed on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from local.identity import PROJECT_ROOT

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn"


def work(directory: Path, definition: dict[str, Any], parameters: dict[str, str]) -> list[dict[str, Any]]:
    """The lines the worker writes for a request."""
    request = {
        "definition": definition,
        "parameters": parameters,
        "endpoint_url": "http://127.0.0.1:1",
        "workdir": str(directory),
        "name": "churn",
        "pipeline_arn": ARN,
        "execution_id": "abc123def456",
    }
    process = subprocess.run(
        [sys.executable, "-m", "local.executor"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        check=True,
        env={
            "PATH": "/usr/bin:/bin",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_REGION": "eu-west-1",
        },
    )
    return [json.loads(line) for line in process.stdout.splitlines()]


def definition(**more: Any) -> dict[str, Any]:
    reason = {"Std:Join": {"On": " ", "Values": ["not", {"Get": "Parameters.What"}]}}
    fail = {"Name": "Reject", "Type": "Fail", "Arguments": {"ErrorMessage": reason}}
    parameters = [{"Name": "What", "Type": "String", "DefaultValue": "today"}]
    return {"Version": "2020-12-01", "Metadata": {}, "Parameters": parameters, "Steps": [fail]} | more


def test_steps_and_the_end_are_told(tmp_path: Path) -> None:
    lines = work(tmp_path, definition(), {"What": "now"})
    steps = [line["step"] for line in lines if "step" in line]
    assert [(step["name"], step["type"], step["status"]) for step in steps] == [
        ("Reject", "Fail", "Executing"),
        ("Reject", "Fail", "Failed"),
    ]
    assert steps[1]["failure_reason"] == "not now"
    assert steps[1]["started"] <= steps[1]["ended"]
    assert lines[-1]["end"]["status"] == "Failed"
    assert "not now" in lines[-1]["end"]["failure_reason"]


def test_a_definition_the_executor_refuses_is_a_failed_execution(tmp_path: Path) -> None:
    steps = [{"Name": "Odd", "Type": "Odd", "Arguments": {}}]
    lines = work(tmp_path, definition(Steps=steps), {})
    assert [line.keys() for line in lines] == [{"end"}]
    assert lines[0]["end"]["status"] == "Failed"
    assert "Odd" in lines[0]["end"]["failure_reason"]
