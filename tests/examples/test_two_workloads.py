"""examples/two-workloads as its page says it: both loops to a prediction, judged in strict."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.looped import ROOT, judged

EXAMPLE = ROOT / "examples" / "two-workloads"


@pytest.mark.full
@pytest.mark.loop
def test_both_workloads_come_to_predictions(tmp_path: Path) -> None:
    data = tmp_path / "biopsy.csv"
    subprocess.run([sys.executable, EXAMPLE / "data.py", data], check=True)
    text = judged(tmp_path / "home", "two-workloads", EXAMPLE / "Pulumi.two-workloads.yaml", "--data", f"biopsy={data}")
    for workload in ("churn", "biopsy"):
        assert re.search(rf"endpoint {workload}-two-workloads-live InService: http://127\.0\.0\.1:\d+", text)
        assert re.search(rf"{workload}: predictions: 2000 served", text)
    page = (tmp_path / "home" / "report.html").read_text(encoding="utf-8")
    assert {"churn: Evaluation 1", "biopsy: Evaluation 1"} <= set(re.findall(r"\w+: Evaluation 1", page))
