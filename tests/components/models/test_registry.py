"""The registry of a workload, and how long it stays."""

from __future__ import annotations

import pytest

from components.models.registry import Registry, RegistryArgs, one_line, removed
from contracts.names import Names
from tests.components.engine import deploy

GROUND = Names(stack="staging", account="123456789012", region="eu-west-1")


@pytest.mark.parametrize("protect", [True, False])
def test_the_registry(protect: bool) -> None:
    names = GROUND.of_workload("churn")
    group = deploy(
        lambda: Registry("churn-registry", RegistryArgs(names=names, description="Models\nof churn", protect=protect))
    ).one("churn-registry-packages")
    assert group.inputs["modelPackageGroupName"] == "churn-staging"
    assert group.inputs["modelPackageGroupDescription"] == "Models of churn"
    assert group.protect is protect
    assert group.ignore_changes == ("modelPackageGroupDescription",)


def test_a_description_of_several_lines_becomes_one() -> None:
    assert one_line("Models of churn: Which customers\nleave.\n") == "Models of churn: Which customers leave."
    assert len(one_line("x" * 2000)) == 1024


def test_a_workload_was_removed_if_it_has_a_record_and_no_place_in_the_config() -> None:
    parameters = {
        f"/mlplatform/{name}": "{}"
        for name in (
            "staging/churn/live/release",
            "staging/biopsy/live/release",
            "staging/biopsy/nightly/release",
            "staging/income/live/other",
            "staging/images/training",
            "prod/fraud/live/release",
        )
    }
    assert removed(GROUND, ["churn", "new"], parameters) == ["biopsy"]
