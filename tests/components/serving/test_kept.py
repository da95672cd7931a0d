"""What serves stays where it is after a rollback and after a failure, and moves for everything else."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pulumi
import pytest

from components.serving.kept import where_it_is
from contracts import release
from contracts.release import Record
from tests.components.serving.test_plan import THIRD, record

LIVE, OTHER = "churn-live-0123456789-abc", "churn-live-0123456789-def"
BEGUN = "2025-01-20T09:00:00+00:00"


def served(found: Record, config: str = LIVE) -> Record:
    """The record as it is written while the endpoint serves this."""
    return dataclasses.replace(found, config=config)


def candidate() -> Record:
    return release.promote(record(), THIRD, when=BEGUN, who="test", why="test")


def failed() -> Record:
    return release.fail(candidate(), "alarm")


def rolled_back(*, settled: bool = True) -> Record:
    found = release.roll_back(record(), when=BEGUN, who="alarm", why="errors")
    return release.settle(found, found.wanted.id) if settled else found


def left(found: Record, declared: Any = LIVE) -> pulumi.ResourceTransformArgs | None:
    """An endpoint that the transform leaves alone; None where it changes nothing."""
    (transform,) = where_it_is(found, "endpointConfigName", beside=["deploymentConfig"]) or [lambda _: None]
    hook = cast("pulumi.ResourceHook", object())  # one that is made outside of a program is never registered
    args = pulumi.ResourceTransformArgs(
        custom=True,
        type_="aws:sagemaker/endpoint:Endpoint",
        name="live",
        props={"endpointConfigName": declared},
        opts=pulumi.ResourceOptions(
            ignore_changes=["tags"],
            hooks=pulumi.ResourceHookBinding(before_update=[hook], after_update=[hook], after_create=[hook]),
        ),
    )
    result = transform(args)
    assert result is None or isinstance(result, pulumi.ResourceTransformResult)
    return args if result else None


@pytest.mark.parametrize("found", [failed(), rolled_back()])
def test_an_endpoint_on_the_wanted_configuration_is_left_there(found: Record) -> None:
    args = left(served(found))
    assert args is not None
    assert args.opts.ignore_changes == ["tags", "endpointConfigName", "deploymentConfig"]
    assert args.opts.hooks is not None
    assert (args.opts.hooks.before_update, args.opts.hooks.after_update) == (None, None)
    assert args.opts.hooks.after_create  # one that is made anew is seen through


@pytest.mark.parametrize(
    ("found", "declared"),
    [
        (served(failed()), OTHER),  # another instance type
        (served(failed(), ""), LIVE),  # on its way, or nobody has looked
        (served(failed()), None),  # a preview does not know it yet
        (served(rolled_back(settled=False)), LIVE),
        (served(record()), LIVE),  # nothing came back
        (served(candidate()), LIVE),
    ],
)
def test_everything_else_is_rolled_out(found: Record, declared: Any) -> None:
    assert left(found, declared) is None


def test_what_a_property_says_is_compared_by_the_name_in_it() -> None:
    (transform,) = where_it_is(served(failed()), "taskDefinition", lambda arn: arn.rpartition("/")[2]) or []
    args = pulumi.ResourceTransformArgs(
        custom=True,
        type_="aws:ecs/service:Service",
        name="live",
        props={"taskDefinition": f"task-definition/{LIVE}"},
        opts=pulumi.ResourceOptions(),
    )
    assert transform(args) is not None
    assert args.opts.ignore_changes == ["taskDefinition"]
