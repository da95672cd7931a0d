"""examples/spark as its page says it: the loop with data sets that a Spark job made, judged in strict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.looped import ROOT, judged

EXAMPLE = ROOT / "examples" / "spark" / "Pulumi.spark.yaml"


@pytest.mark.full
@pytest.mark.loop
@pytest.mark.spark
def test_the_loop_trains_on_data_sets_that_spark_has_made(tmp_path: Path) -> None:
    text = judged(tmp_path / "home", "spark", EXAMPLE)
    assert "2000 of 2000 requests served" in text
    assert "rolled-back: Threshold Crossed" in text
    logs = sorted((tmp_path / "home").rglob("glue-jobs/*/log.txt"))
    made = [line for log in logs for line in log.read_text().splitlines() if "data set s3://" in line]
    assert len(made) == len(logs) == 2  # of each delivery; the duplicate's is there already
