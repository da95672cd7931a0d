"""What a data set is made by."""

from __future__ import annotations

from contracts.datasets import recipe


def test_a_recipe_is_of_contract_code_and_the_store_that_rows_are_joined_with() -> None:
    assert recipe("0123456789abcdef", "image@sha256:0") == "ab663056671fade4"
    others = {recipe("0123456789abcdef", "image@sha256:0", "group"), recipe("0123456789abcdef", "image@sha256:1")}
    assert len(others | {recipe("0123456789abcdef", "image@sha256:0")}) == 3
