"""The SDK itself: the committed bytes are what it compiles, and it stays offline.

Where its environment exists these are tests as all are; elsewhere they are long ones, for it has 1 GB and is
made first.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from workloads.pipeline import render

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-pipeline" / "bin" / "python"

pytestmark = [] if PYTHON.exists() else [pytest.mark.full]

SCRIPT = """
import json, sys
from workloads.pipeline import offline
from workloads.pipeline.__main__ import main

missing = [f"{owner.__name__}.{name}" for owner, name in offline.PATCHED if not hasattr(owner, name)]
session = offline.OfflineSession(bucket="bucket")
try:
    session.boto_session.client("s3").list_buckets()
    refusal = ""
except offline.OfflineError as error:
    refusal = str(error)
code = main(["--output", sys.argv[1]])
print(json.dumps({"missing": missing, "default_bucket": session._default_bucket, "refusal": refusal, "code": code}))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """One compile in a fresh process, with another hash seed than the last and with no AWS settings."""
    subprocess.run(["make", ".venv-pipeline/stamp"], cwd=ROOT, check=True, timeout=1200)  # noqa: S607
    output = tmp_path_factory.mktemp("compiled")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "random", "HOME": str(output)}
    done = subprocess.run(
        [str(PYTHON), "-c", SCRIPT, str(output)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), output


def test_the_committed_definition_is_what_the_sdk_compiles(run: tuple[dict[str, Any], Path]) -> None:
    facts, output = run
    assert facts["code"] == 0
    for name in ("train.json", "train.inputs.json", "tune.json", "machine.json"):
        assert (output / name).read_bytes() == (render.DEFINITIONS / name).read_bytes(), name


def test_the_private_names_that_we_replace_are_still_there(run: tuple[dict[str, Any], Path]) -> None:
    assert run[0]["missing"] == []
    assert run[0]["default_bucket"] == "bucket"


def test_every_aws_call_is_refused(run: tuple[dict[str, Any], Path]) -> None:
    assert run[0]["refusal"] == "the SDK called s3.list_buckets while compiling a pipeline definition"
