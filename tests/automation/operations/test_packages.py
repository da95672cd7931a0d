from __future__ import annotations

import pytest

from automation.operations import packages
from automation.operations.errors import RefusedError
from tests.automation.conftest import Platform


def test_approving_notes_the_reason(platform: Platform) -> None:
    sagemaker, package = platform.client("sagemaker"), platform.register(approved=False)
    assert packages.approve(platform.names, "1", why="metrics read", sagemaker=sagemaker) == package
    found = packages.describe(platform.names, package, sagemaker=sagemaker)
    assert (found["ModelApprovalStatus"], found["ApprovalDescription"]) == ("Approved", "metrics read")


def test_approving_twice_is_refused(platform: Platform) -> None:
    package = platform.register()
    with pytest.raises(RefusedError, match=f"{package} is Approved already; promote it"):
        packages.approve(platform.names, package, why="again", sagemaker=platform.client("sagemaker"))


def test_the_newest_package_is_the_one_with_the_highest_version(platform: Platform) -> None:
    sagemaker = platform.client("sagemaker")
    assert packages.newest(platform.names, sagemaker=sagemaker) is None
    registered = [platform.register() for _ in range(3)]
    assert packages.latest(platform.names, sagemaker=sagemaker) == registered[-1]


def test_without_a_package_it_says_how_to_get_one(platform: Platform) -> None:
    with pytest.raises(RefusedError, match="has no package yet: train a model with `retrain`"):
        packages.latest(platform.names, sagemaker=platform.client("sagemaker"))
