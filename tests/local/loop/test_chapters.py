"""What the workloads of a stack bring to the loop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local.commands import _data
from local.loop import LoopError
from local.loop.chapters import chapters
from local.runtime import Stack

CHURN = {"contract": "contracts/churn.yaml", "endpoints": {"live": {"kind": "realtime"}}}
BIOPSY = {"contract": "examples/two-workloads/biopsy.yaml", "endpoints": {"scores": {"kind": "realtime"}}}
FILE = Path("biopsy.csv")


def stack(**workloads: Mapping[str, Any]) -> Stack:
    return Stack("staging", config_overrides={"workloads": workloads})


def test_each_workload_has_its_contract_its_first_endpoint_and_its_data() -> None:
    first, second = chapters(stack(churn=CHURN, biopsy=BIOPSY), {"biopsy": FILE})
    assert (first.workload, first.endpoint, first.contract.name, first.data_file) == (
        "biopsy",
        "scores",
        "biopsy",
        FILE,
    )
    assert (second.workload, second.endpoint, second.contract.name, second.data_file) == (
        "churn",
        "live",
        "churn",
        None,
    )


def test_the_only_workload_needs_no_name_for_its_data() -> None:
    (only,) = chapters(stack(biopsy=BIOPSY), {"": FILE})
    assert only.data_file == FILE


@pytest.mark.parametrize(
    ("workloads", "files", "message"),
    [
        (
            {"churn": CHURN, "biopsy": BIOPSY},
            {},
            "examples/two-workloads/biopsy.yaml needs --data biopsy=FILE: the embedded data set is that of "
            "contracts/churn.yaml only",
        ),
        (
            {"biopsy": BIOPSY},
            {},
            "biopsy.yaml needs --data: the embedded data set is that of contracts/churn.yaml only",
        ),
        (
            {"churn": CHURN, "biopsy": BIOPSY},
            {"": FILE},
            "--data: found a file alone; the stack has biopsy, churn: write --data NAME=FILE",
        ),
        ({"churn": CHURN}, {"income": FILE}, "--data: found income=...; allowed: churn"),
        (
            {"churn": {"contract": "none.yaml"}},
            {"": FILE},
            "cannot be read (No such file or directory); give a contract like contracts/churn.yaml",
        ),
    ],
)
def test_data_that_is_missing_or_nobodys_is_refused(
    workloads: Mapping[str, Any], files: Mapping[str, Path], message: str
) -> None:
    with pytest.raises(LoopError) as caught:
        chapters(stack(**workloads), files)
    assert str(caught.value).endswith(message)


def test_data_on_the_command_line(tmp_path: Path) -> None:
    assert _data("biopsy=a.csv") == ("biopsy", Path("a.csv"))
    assert _data("a.csv") == ("", Path("a.csv"))
    odd = tmp_path / "a=b.csv"
    odd.touch()
    assert _data(str(odd)) == ("", odd)
