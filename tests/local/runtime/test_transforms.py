"""Functions of the program that change a resource once its properties are known."""

from __future__ import annotations

from typing import Any

import pytest

from local.runtime.errors import HookError, UnsupportedError

PROGRAM = """
def change(resource):
    {body}
    return pulumi.ResourceTransformResult(props=resource.props, opts=resource.opts)
topic = aws.sns.Topic("first", name="first")
hooks = pulumi.ResourceHookBinding(before_update=[pulumi.ResourceHook("moved", lambda _: 1 / 0)])
aws.sns.Topic("second", name="second", display_name=topic.arn.apply(lambda arn: arn + {text!r}),
    opts=pulumi.ResourceOptions(transforms=[change], hooks=hooks))
"""


def deployed(project: Any, body: str, text: str) -> str:
    """What the second topic shows after an update by a program whose transform does this."""
    project.program(PROGRAM.format(body=body, text=text))
    project.up()
    return project.cloud.live["second"]["displayName"]


def test_a_transform_sees_properties_that_came_from_others_and_may_change_them(project: Any) -> None:
    known = 'if not isinstance(resource.props["displayName"], str): return None  # in the preview'
    body = known + '\n    resource.props["displayName"] += f" of {resource.name}"'
    assert deployed(project, body, "!") == "arn:aws:test:::first! of second"


def test_a_transform_may_have_a_change_ignored_and_its_hooks_not_run(project: Any) -> None:
    ignoring = 'resource.opts.ignore_changes, resource.opts.hooks.before_update = ["displayName"], None'
    assert deployed(project, "pass", "a") == "arn:aws:test:::firsta"
    assert deployed(project, ignoring, "b") == "arn:aws:test:::firsta"
    with pytest.raises(HookError, match="hook 'moved': division by zero"):
        deployed(project, "pass", "c")


def test_a_transform_that_gives_nothing_changes_nothing(project: Any) -> None:
    assert deployed(project, "return None", "a") == "arn:aws:test:::firsta"


def test_a_transform_that_fails_stops_the_update(project: Any) -> None:
    with pytest.raises(HookError, match=r"second: transform: Invoke callback .*division by zero"):
        deployed(project, "1 / 0", "a")
    assert "second" not in project.cloud.live


def test_a_transform_may_set_no_option_that_the_local_run_does_not_read_from_it(project: Any) -> None:
    with pytest.raises(UnsupportedError, match="second: a transform set protect; in the local run it may change prop"):
        deployed(project, "resource.opts.protect = True", "a")
