"""examples/step-functions as its page says it: from raw data to a retrained and rolled-back model, judged in strict."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "step-functions"


@pytest.mark.full
@pytest.mark.loop
def test_a_state_machine_trains_and_retrains_through_the_whole_loop(tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "local", "up", "--stack", "step-functions", "--levels", "strict"),
        *("--config-file", str(EXAMPLE / "Pulumi.step-functions.yaml"), "--home", str(tmp_path / "home")),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=850, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert ": 0 advisories" in done.stdout  # in strict there are none: each would stop the deployment
    assert done.stdout.count("Register  succeeded") == 2
    assert "(cached)" not in done.stdout
    assert "retraining function: started: " in done.stdout
    assert "rolled-back: Threshold Crossed" in done.stdout
