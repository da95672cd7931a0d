from __future__ import annotations

import re

import pulumi
import pulumi_aws as aws

from components.content import content_name
from tests.components.engine import deploy


def test_a_name_follows_from_the_content() -> None:
    found: list[str] = []

    def program() -> None:
        same_but_later = {"b": [pulumi.Output.from_input("x")], "a": 1}
        for content in ({"a": 1, "b": ["x"]}, same_but_later, {"a": 1, "b": ["y"]}):
            content_name("churn-1", content).apply(found.append)

    deploy(program)
    assert len(found) == 3
    assert len(set(found)) == 2
    for name in found:
        assert re.fullmatch(r"churn-1-[0-9a-f]{8}", name)


def test_a_name_is_unknown_while_its_content_is() -> None:
    names: list[str] = []

    def program() -> None:
        key = aws.kms.Key("key")
        content_name("churn-1", [key.arn]).apply(names.append)

    deploy(program, preview=True)
    assert names == []
    deploy(program)
    assert len(names) == 1
