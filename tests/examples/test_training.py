"""examples/training as its page says it: the best trial of a search on two hosts is released, and a retraining."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.loop import data
from tests.examples.looped import ROOT, judged

EXAMPLE = ROOT / "examples" / "training" / "Pulumi.training.yaml"


@pytest.mark.full
@pytest.mark.loop
def test_the_best_trial_of_a_search_on_two_hosts_is_released_and_a_retrained_model_is_rolled_back(
    tmp_path: Path,
) -> None:
    home, contract, rows = tmp_path / "home", tmp_path / "churn.yaml", tmp_path / "churn.csv"
    contract.write_text((ROOT / "contracts/churn.yaml").read_text(encoding="utf-8") + "incremental: {}\n")
    data.write_churn(rows, day=datetime.now(UTC).date())
    text = judged(home, "training", EXAMPLE, "--tune", "--contract", str(contract), "--data", str(rows))
    assert "Search, evaluate, gate, register" in text
    trials = re.findall(r"num_round \d+, eta [\d.]+, max_depth \d+: loss (\d\.\d{4})( \(kept\))?", text)
    assert [kept for _, kept in trials] == [" (kept)", ""]
    assert trials[0][0] <= trials[1][0]
    assert "2 trials of at most 2, in at most " in text
    assert len(re.findall(r"gate: register: all \d+ checks hold", text)) == 2
    assert re.search(r"live again: \S+/churn-training/1 ", text)
    # Of a trial and of a run: the second host has a container of its own, and no model of its own.
    seconds = sorted(path.parts[-2] for path in (home / "emulator").rglob("host-1/log.txt"))
    assert len(seconds) == 3
    # The retrained model is the search's with further trees, learned on new rows and on some that were known.
    (metadata,) = (home / "emulator").rglob("Train-*/opt/ml/model/metadata.json")
    told = json.loads(metadata.read_text())
    assert told["former"]["rounds"] <= told["best_round"] + 1
    assert told["learned_rows"] < told["training_rows"] / 2
