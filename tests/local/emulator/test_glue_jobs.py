"""Glue's jobs as tasks of state machines: their script runs, with what it is given and what it may read and write."""

from __future__ import annotations

import io
import json
import shutil
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from local.emulator import Emulator
from tests.local.emulator.conftest import ROLE
from tests.local.emulator.test_machines import ended, machine

pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="needs java on PATH")

#: Stands in for a script of Spark: it reads and writes where Spark finds the bucket, and asks AWS as whom it runs.
SCRIPT = """
import os, pathlib, sys
import boto3, helper
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
place = pathlib.Path(given["--place"].removeprefix("s3://"))
mounted = f"fs.viewfs.mounttable.{place.parts[0]}.linkFallback={(pathlib.Path.cwd() / place.parts[0]).as_uri()}"
assert mounted in os.environ["PYSPARK_SUBMIT_ARGS"]
text = (place / "in.txt").read_text()
(place / "out").mkdir()
(place / "out" / "made.txt").write_text(helper.upper(text))
(place / "out" / ".made.txt.crc").write_text("x")
boto3.client("s3").put_object(Bucket=place.parts[0], Key="asked", Body=given["--more"].encode())
sys.exit(3 if text == "poison" else None)
"""


@pytest.fixture
def run(emulator: Emulator, s3: Any) -> Callable[..., dict[str, Any]]:
    """Runs a machine of one task of Glue on a bucket with that text; the execution, and the bucket's objects."""
    glue, states = emulator.client("glue"), emulator.client("stepfunctions")

    def executed(text: str, status: str) -> dict[str, Any]:
        bucket = f"lake-{uuid.uuid4().hex[:8]}"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        library = io.BytesIO()
        with zipfile.ZipFile(library, "w") as archive:
            archive.writestr("helper.py", "upper = str.upper\n")
        for key, body in {"in.txt": text, "code/job.py": SCRIPT, "code/library.zip": library.getvalue()}.items():
            s3.put_object(Bucket=bucket, Key=key, Body=body)
        glue.create_job(
            Name=bucket,
            Role=ROLE,
            Command={"Name": "glueetl", "ScriptLocation": f"s3://{bucket}/code/job.py"},
            DefaultArguments={"--extra-py-files": f"s3://{bucket}/code/library.zip", "--more": "by default"},
            Timeout=5,
        )
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::glue:startJobRun.sync",
            "Parameters": {"JobName": bucket, "Arguments": {"--place": f"s3://{bucket}/", "--more.$": "$.more"}},
            "ResultPath": None,
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}],
            "Next": "Done",
        }
        arn = machine(states, Spark=task, Done={"Type": "Succeed"})
        states.start_execution(stateMachineArn=arn, input=json.dumps({"more": "by the run"}))
        execution = ended(states, arn, status)
        objects = {each["Key"]: each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]}
        execution["objects"] = {
            key: s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
            for key in objects
            if not key.startswith("code/")
        }
        execution["runs"] = [each["JobRunState"] for each in glue.get_job_runs(JobName=bucket)["JobRuns"]]
        return execution

    return executed


def test_a_run_has_its_arguments_its_library_and_the_lake_and_leaves_what_it_wrote(run: Callable[..., Any]) -> None:
    found = run("rows", "SUCCEEDED")
    assert found["objects"] == {"asked": "by the run", "in.txt": "rows", "out/made.txt": "ROWS"}
    assert found["runs"] == ["SUCCEEDED"]


def test_a_run_that_fails_fails_the_task_and_what_it_had_written_is_there(run: Callable[..., Any]) -> None:
    found = run("poison", "FAILED")
    assert found["objects"]["out/made.txt"] == "POISON"
    assert found["runs"] == ["FAILED"]
