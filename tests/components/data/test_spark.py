"""The Glue job as it is declared, and the code that it is given."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pulumi
import pytest

from components.data import spark
from components.data.spark import Spark, SparkArgs
from local.adapter.assets import zipped
from settings import Glue
from tests.components.engine import CHURN, Deployment, deploy, ground, permissions


@functools.cache
def deployed(*, flex: bool = False) -> Deployment:
    return deploy(
        lambda: Spark(
            "churn-spark",
            SparkArgs(
                ground=ground(),
                names=CHURN,
                settings=Glue(worker_type="G.2X", max_workers=6, flex=flex),
                minutes=90,
                security_configuration="churn-staging-processing",
                lookup=pulumi.InvokeOptions(),
            ),
        ),
        invokes={"aws:ec2/getSubnet:getSubnet": {"availabilityZone": "eu-west-1a"}},
    )


def test_the_job_is_encrypted_in_the_network_bounded_and_grows_with_its_work() -> None:
    job = deployed().one("churn-spark-job").inputs
    code = f"s3://123456789012-staging-ai-artifacts/contracts/churn/code/{spark.code_version()}"
    assert {key: job[key] for key in job if key not in ("defaultArguments", "roleArn", "description")} == {
        "name": "churn-staging-spark",
        "command": {"name": "glueetl", "pythonVersion": "3", "scriptLocation": f"{code}/glue_job.py"},
        "connections": ["churn-staging-spark"],
        "executionClass": "STANDARD",
        "executionProperty": {"maxConcurrentRuns": 5},
        "glueVersion": "5.0",
        "maxRetries": 0,
        "numberOfWorkers": 6,
        "securityConfiguration": "churn-staging-processing",
        "timeout": 90,
        "workerType": "G.2X",
    }
    assert job["defaultArguments"] == {
        "--custom-logGroup-prefix": "/aws-glue/jobs/churn-staging-spark",
        "--enable-auto-scaling": "true",
        "--enable-continuous-cloudwatch-log": "true",
        "--enable-job-insights": "true",
        "--enable-metrics": "true",
        "--enable-observability-metrics": "true",
        "--extra-py-files": f"{code}/code.zip",
        "--job-bookmark-option": "job-bookmark-disable",
    }
    where = deployed().one("churn-spark-connection").inputs["physicalConnectionRequirements"]
    assert (where["availabilityZone"], where["subnetId"]) == ("eu-west-1a", "subnet-private0")
    assert deployed(flex=True).one("churn-spark-job").inputs["executionClass"] == "FLEX"
    for end in ("output", "error"):
        group = deployed().one(f"churn-spark-{end}").inputs
        assert group["name"] == f"/aws-glue/jobs/churn-staging-spark/{end}"
        assert group["kmsKeyId"] == "arn:aws:kms:eu-west-1:123456789012:key/keys-logs"


def test_a_run_reads_what_is_accepted_and_its_code_and_writes_data_sets_alone() -> None:
    may = permissions(deployed(), "churn-spark-role")
    written = {r for each in may.values() if "s3:PutObject" in each["Action"] for r in each["Resource"]}
    processed = "arn:aws:s3:::123456789012-staging-ai-processed-data"
    assert written == {f"{processed}/datasets/churn/*", f"{processed}/ledger/churn/prepared/*"}
    read = {r for each in may.values() if "s3:GetObject" in each["Action"] for r in each["Resource"]}
    artifacts = "arn:aws:s3:::123456789012-staging-ai-artifacts"
    assert read == {f"{artifacts}/contracts/churn/*", f"{processed}/accepted/churn/*", f"{processed}/datasets/churn/*"}
    assert may["Tidy"]["Resource"] == [f"{processed}/datasets/churn/*"]
    assert may["WriteLogs"]["Resource"] == [
        "arn:aws:logs:eu-west-1:123456789012:log-group:/aws-glue/jobs/churn-staging-spark*"
    ]
    trusted = json.loads(deployed().one("churn-spark-role-role").inputs["assumeRolePolicy"])["Statement"][0]
    assert trusted["Principal"] == {"Service": "glue.amazonaws.com"}


IMPORTED = """
import sys
sys.path.insert(0, sys.argv[1])
import workloads.ingestion.on_spark
ours = [module for name, module in sys.modules.items() if name.split(".")[0] in ("contracts", "workloads", "narwhals")]
print(len(ours), {module.__file__.startswith(sys.argv[1]) for module in ours})
print(sorted({"duckdb", "pandas", "xgboost", "yaml", "matplotlib", "pydantic"} & sys.modules.keys()))
"""


def test_the_archive_has_all_that_the_script_imports_beside_what_glue_brings(tmp_path: Path) -> None:
    archive = tmp_path / "code.zip"
    assets: dict[str, pulumi.Asset | pulumi.Archive] = {
        name: pulumi.FileAsset(str(file)) for name, file in spark.archive_files().items()
    }
    archive.write_bytes(zipped(pulumi.AssetArchive(assets)))
    assert not any("tests" in name or "__pycache__" in name for name in zipfile.ZipFile(archive).namelist())
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, str(archive)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    assert int(first.split()[0]) > 30
    assert first.endswith("{True}")
    assert second == "[]"


def test_other_code_has_another_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = spark.code_version()
    changed = tmp_path / "glue_job.py"
    changed.write_bytes(spark.SCRIPT.read_bytes() + b"# changed\n")
    monkeypatch.setattr(spark, "SCRIPT", changed)
    assert spark.code_version.__wrapped__() != before
