"""examples/sources as its page says it: the loop with a source that a schedule pulls, judged in strict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.looped import ROOT, judged


@pytest.mark.full
@pytest.mark.loop
def test_the_loop_runs_beside_a_source_that_is_pulled(tmp_path: Path) -> None:
    text = judged(tmp_path / "home", "sources", ROOT / "examples" / "sources" / "Pulumi.sources.yaml")
    assert "2000 of 2000 requests served" in text
    assert "rolled-back: Threshold Crossed" in text
