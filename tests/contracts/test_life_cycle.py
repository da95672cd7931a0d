from __future__ import annotations

import pytest

from contracts import life_cycle
from contracts.life_cycle import APPROVED, ARCHIVED, REGISTERED, REJECTED, SERVING


@pytest.mark.parametrize(
    ("approval", "stage"),
    [("PendingManualApproval", REGISTERED), ("Approved", APPROVED), ("Rejected", REJECTED)],
)
def test_a_package_that_no_act_has_marked_stands_where_its_approval_says(
    approval: str, stage: life_cycle.Stage
) -> None:
    assert life_cycle.stage_of({"ModelApprovalStatus": approval}) == stage


def test_what_was_written_counts_more_than_the_approval() -> None:
    found = {"ModelApprovalStatus": "Approved", "ModelLifeCycle": SERVING.written("serves")}
    assert str(life_cycle.stage_of(found)) == "Production/Approved"
    assert not life_cycle.is_archived(found)


def test_a_stage_of_somebody_elses_is_told_as_it_is() -> None:
    found = {"ModelApprovalStatus": "Approved", "ModelLifeCycle": {"Stage": "QA", "StageStatus": "OnHold"}}
    assert str(life_cycle.stage_of(found)) == "QA/OnHold"


@pytest.mark.parametrize("status", [ARCHIVED.status, "Rejected"])
def test_whatever_stands_in_the_archive_is_archived(status: str) -> None:
    found = {"ModelApprovalStatus": "Approved", "ModelLifeCycle": {"Stage": "Archived", "StageStatus": status}}
    assert life_cycle.is_archived(found)


def test_a_reason_is_one_line_that_sagemaker_takes() -> None:
    written = ARCHIVED.written("old\nand " + "x" * 2000)
    assert written == {"Stage": "Archived", "StageStatus": "Retired", "StageDescription": "old and " + "x" * 1016}
