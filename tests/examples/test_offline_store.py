"""examples/offline-store as its page says it: the loop with training sets of the offline store, judged in strict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.examples.looped import ROOT, judged

EXAMPLE = ROOT / "examples" / "offline-store" / "Pulumi.joined.yaml"


@pytest.mark.full
@pytest.mark.loop
def test_the_loop_trains_on_what_the_offline_store_knew(tmp_path: Path) -> None:
    text = judged(tmp_path / "home", "joined", EXAMPLE)
    assert "2000 of 2000 requests served" in text
    assert "rolled-back: Threshold Crossed" in text
    found = [json.loads(path.read_text()) for path in (tmp_path / "home").rglob("manifest.json")]
    joined = [manifest["offline_store"] for manifest in found if "splits" in manifest]
    assert joined
    assert {each["left_out"] for each in joined} == {0}
