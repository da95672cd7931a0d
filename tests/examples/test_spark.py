"""examples/spark as its page says it: the loop with data sets that a Spark job made, judged in strict."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "spark" / "Pulumi.spark.yaml"


@pytest.mark.full
@pytest.mark.loop
@pytest.mark.spark
def test_the_loop_trains_on_data_sets_that_spark_has_made(tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "local", "up", "--stack", "spark", "--levels", "strict"),
        *("--config-file", str(EXAMPLE), "--home", str(tmp_path / "home")),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=850, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert ": 0 advisories" in done.stdout
    assert "2000 of 2000 requests served" in done.stdout
    assert "rolled-back: Threshold Crossed" in done.stdout
    logs = sorted((tmp_path / "home").rglob("glue-jobs/*/log.txt"))
    made = [line for log in logs for line in log.read_text().splitlines() if "data set s3://" in line]
    assert len(made) == len(logs) == 2  # of each delivery; the duplicate's is there already
