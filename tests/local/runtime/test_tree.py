"""What a preview shows: components with counts, and by name what changes."""

from __future__ import annotations

import re
from typing import Any

from local.runtime import tree
from local.runtime.model import Op, Preview

SHOP = """
class Shop(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("shop:index:Shop", name, None, opts)
front = Shop("front")
inner = Shop("inner", pulumi.ResourceOptions(parent=front))
aws.sns.Topic("news", name="news", display_name="{text}", opts=pulumi.ResourceOptions(parent=front))
aws.sns.Topic("deep", name="deep", opts=pulumi.ResourceOptions(parent=inner))
"""


def previewed(project: Any) -> Preview:
    stack = project.stack()
    return stack.preview(project.cloud)


def test_a_first_preview_counts_what_each_component_makes(project: Any) -> None:
    project.program(SHOP.format(text="a") + 'aws.sqs.Queue("alone", name="alone")')
    lines = tree.lines(previewed(project))
    assert len({line.index(" to create") for line in lines}) == 1
    assert [re.sub(r"default_\w+", "default", " ".join(line.split())) for line in lines] == [
        "+ alone 1 to create: Queue",
        "+ default 1 to create: aws",
        "+ front 4 to create: 2 Shop, 2 Topic",
        "+ shop-dev 1 to create: Stack",
    ]


def test_what_changes_is_named_with_the_inputs_that_differ(project: Any) -> None:
    project.program(SHOP.format(text="a") + 'aws.sqs.Queue("alone", name="alone")')
    project.up()
    project.cloud.forces_replacement = {"name"}
    changed = SHOP.format(text="b").replace('"deep", name="deep"', '"deep", name="other"')
    project.program(changed + 'aws.sns.Topic("more", name="more", opts=pulumi.ResourceOptions(parent=front))')
    assert tree.lines(previewed(project)) == [
        "  -  alone  1 to delete",
        "     -  alone (Queue)",
        "     front  1 to create, 1 to update, 1 to replace: Topic",
        "     ~  news (Topic): displayName",
        "     +- deep (Topic): name",
    ]


def test_nothing_to_change_is_no_line(project: Any) -> None:
    project.program(SHOP.format(text="a"))
    project.up()
    preview = previewed(project)
    assert tree.lines(preview) == []
    assert tree.counted(preview.changes) == ""
    assert len(preview.changes[Op.SAME]) == 6
