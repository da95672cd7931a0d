"""examples/step-functions as its page says it: from raw data to a retrained and rolled-back model, judged in strict."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.examples.looped import ROOT, judged

EXAMPLE = ROOT / "examples" / "step-functions" / "Pulumi.step-functions.yaml"


@pytest.mark.full
@pytest.mark.loop
def test_a_state_machine_trains_and_retrains_through_the_whole_loop(tmp_path: Path) -> None:
    text = judged(tmp_path / "home", "step-functions", EXAMPLE)
    assert text.count("Register  succeeded") == 2
    assert "(cached)" not in text
    told = re.findall(
        r"MLflow, experiment churn-step-functions: run \S+ with (\d+) parameters, .* (\d+) rounds; gate: register", text
    )
    assert len(told) == 2
    assert all(int(parameters) >= 10 and int(rounds) >= 1 for parameters, rounds in told)
    assert "retraining function: started: " in text
    assert "rolled-back: Threshold Crossed" in text
