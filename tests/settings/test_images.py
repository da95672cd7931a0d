"""The section `images`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.settings.written import faults, load


def test_by_default_no_model_comes_in_an_image_of_others() -> None:
    assert load().images.others == ()
    assert load(images={"others": ["fraud-net", "vision2"]}).images.others == ("fraud-net", "vision2")


@pytest.mark.parametrize(
    ("others", "lines"),
    [
        (["training"], ['others[0]: found "training"; allowed: another name; the platform\'s own image is called so']),
        (
            ["inference"],
            ['others[0]: found "inference"; allowed: another name; the platform\'s own image is called so'],
        ),
        (["a", "b", "a"], ['others[2]: found "a"; allowed: each name once; drop one of them']),
    ],
)
def test_a_name_that_is_taken_is_refused(others: list[str], lines: list[str]) -> None:
    assert faults(images={"others": others}) == [f"ml-platform:images.{line}" for line in lines]


@pytest.mark.parametrize("name", ["Fraud", "a_b", "a/b", "-a", "a--b", "", "a" * 61])
def test_what_is_no_name_of_a_repository_is_refused(name: Any) -> None:
    (found,) = faults(images={"others": [name]})
    assert found.startswith(f'ml-platform:images.others[0]: found "{name}"')
