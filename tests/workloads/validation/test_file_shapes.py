"""What becomes of files as they really come: every outcome is the one that docs/data.md tells, and no row is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workloads.validation import shapes
from tests.workloads.validation.delivered import read_rows
from workloads.validation import Status

SHAPES = [(group, kind, content) for group, listed in shapes.CONTENTS.items() for kind, content in listed]


def test_the_page_has_these_shapes_and_no_others() -> None:
    assert list(shapes.written()) == [(group, kind) for group, kind, _ in SHAPES]


@pytest.mark.parametrize(("group", "kind", "content"), SHAPES, ids=[kind for _, kind, _ in SHAPES])
def test_a_file_has_the_outcome_that_the_page_tells(tmp_path: Path, group: str, kind: str, content: bytes) -> None:
    verdict = shapes.judged(content, tmp_path, group)
    assert shapes.cell(shapes.outcome(verdict)) == shapes.written()[group, kind]
    accepted = {row["customer_id"]: row for row in read_rows(tmp_path / "output" / "accepted.parquet")}
    assert len(accepted) == verdict.accepted
    if verdict.status is Status.ACCEPTED:
        assert verdict.accepted + verdict.quarantined == verdict.rows_in
        changes = {"support_tickets": None} if kind == "a column of nulls without a type" else {}
        untouched = [row | changes for row in shapes.ROWS if row["customer_id"] not in ("C0004", "C0005", "C0006")]
        assert [accepted[row["customer_id"]] for row in untouched] == untouched
