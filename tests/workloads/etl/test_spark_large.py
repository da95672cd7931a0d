"""Data that outgrows one machine: many rows on executors whose memory is fixed and small."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.loader import load
from contracts.schema import to_json
from workloads.etl.benchmark import data
from workloads.measuring import ROOT

ROWS = 20_000_000
#: Two executors, each a process with one core and a heap of 1 GB, as Spark starts them for its own tests.
CLUSTER = "local-cluster[2,1,1024]"


@pytest.mark.full
@pytest.mark.spark
def test_twenty_million_rows_become_a_data_set_on_executors_of_one_gigabyte(tmp_path: Path) -> None:
    if shutil.which("java") is None:
        pytest.skip("needs java on PATH")
    import pyspark

    source, contract, target = tmp_path / "in", tmp_path / "contract.json", tmp_path / "out"
    source.mkdir()
    data.write(source / "accepted.parquet", ROWS)
    contract.write_text(to_json(load(ROOT / "contracts/churn.yaml")))
    environment = {
        **os.environ,
        "SPARK_HOME": str(Path(pyspark.__file__).parent),  # where the workers of the cluster find their classes
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_SUBMIT_ARGS": f"--master {CLUSTER} --driver-memory 1g --conf spark.ui.enabled=false pyspark-shell",
    }
    job = [sys.executable, "-m", "workloads.etl.spark", "--contract", str(contract)]
    job += ["--input", str(source), "--output", str(target)]
    done = subprocess.run(job, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "OutOfMemoryError" not in done.stderr
    manifest = json.loads((target / "manifest/manifest.json").read_text())
    assert sum(part["rows"] for part in manifest["splits"].values()) + manifest["superseded"]["rows"] == ROWS
    assert {part.name for part in target.iterdir()} == {"train", "validation", "test", "manifest"}
