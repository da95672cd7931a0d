"""examples/two-workloads as its page says it: both loops to a prediction, judged in strict."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "two-workloads"


@pytest.mark.full
@pytest.mark.loop
def test_both_workloads_come_to_predictions(tmp_path: Path) -> None:
    data = tmp_path / "biopsy.csv"
    subprocess.run([sys.executable, EXAMPLE / "data.py", data], check=True)
    command = [
        *(sys.executable, "-m", "local", "up", "--stack", "two-workloads", "--levels", "strict"),
        *("--config-file", str(EXAMPLE / "Pulumi.two-workloads.yaml")),
        *("--data", f"biopsy={data}", "--home", str(tmp_path / "home")),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=850, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for workload in ("churn", "biopsy"):
        assert re.search(rf"endpoint {workload}-two-workloads-live InService: http://127\.0\.0\.1:\d+", done.stdout)
        assert re.search(rf"{workload}: predictions: 2000 served", done.stdout)
    assert ": 0 advisories" in done.stdout  # in strict there are none: each would stop the deployment
    page = (tmp_path / "home" / "report.html").read_text(encoding="utf-8")
    assert {"churn: Evaluation 1", "biopsy: Evaluation 1"} <= set(re.findall(r"\w+: Evaluation 1", page))
