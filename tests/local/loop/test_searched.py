"""What the loop says of a search, and what it does not let pass."""

from __future__ import annotations

import pytest

from local.loop import LoopError
from local.loop.searched import Search, Trial

BEST = Trial(job="search-002", loss=0.3, chosen="num_round 80, eta 0.1, max_depth 4")
OTHER = Trial(job="search-001", loss=0.31256, chosen="num_round 90, eta 0.2, max_depth 5")
SEARCH = Search(limits="2 trials of at most 4, in at most 120 s, by its budget", trials=[BEST, OTHER])


def test_the_limits_and_the_trials_are_told_the_best_one_first() -> None:
    assert list(SEARCH.told()) == [
        "2 trials of at most 4, in at most 120 s, by its budget",
        "num_round 80, eta 0.1, max_depth 4: loss 0.3000 (kept)",
        "num_round 90, eta 0.2, max_depth 5: loss 0.3126",
    ]


def test_a_package_with_the_model_of_another_trial_ends_the_loop() -> None:
    SEARCH.check({"CustomerMetadataProperties": {"training_job": "search-002"}})
    with pytest.raises(LoopError, match="registered is the model of search-001; the best one is that of search-002"):
        SEARCH.check({"CustomerMetadataProperties": {"training_job": "search-001"}})
