from __future__ import annotations

import pytest

from workloads.validation import Status, Verdict


def test_a_verdict_whose_rows_do_not_add_up_cannot_be_made() -> None:
    with pytest.raises(
        ValueError, match="10 rows came in, but 7 accepted and 2 quarantined rows do not add up to that"
    ):
        Verdict(status=Status.ACCEPTED, object_sha256="", rows_in=10, accepted=7, quarantined=2)
