"""Hooks of the program where the cloud refuses: another try, the program's own words, and what the state then says."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.adapter.errors import WAITING, ApiRefused
from local.runtime.errors import HookError

PROGRAM = """
import json, pathlib
def told(args):
    line = [args.failed_operation, args.name, args.id, args.new_inputs, args.old_inputs, args.errors]
    with pathlib.Path({log!r}).open("a") as log:
        log.write(json.dumps(line, default=str) + "\\n")
    {answer}
hook = pulumi.ErrorHook("told", told)
aws.sns.Topic("news", name="news", display_name={text!r}, opts=pulumi.ResourceOptions(
    hooks=pulumi.ResourceHookBinding(on_error=[hook])))
"""


@pytest.fixture
def program(project: Any, tmp_path: Path) -> Callable[..., None]:
    def write(answer: str, text: str = "a") -> None:
        project.program(PROGRAM.format(log=str(tmp_path / "log"), answer=answer, text=text))

    return write


@pytest.fixture
def told(tmp_path: Path) -> Callable[[], list[list[Any]]]:
    return lambda: [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]


def fails(project: Any, operation: str, times: int, *, doing: str, after: bool = False) -> None:
    """The next `times` calls of an operation are refused, `after` they were carried out."""
    original = getattr(project.cloud, operation)
    left = iter(range(1, times + 1))

    def call(*args: Any, **named: Any) -> Any:
        number = next(left, None)
        if number is None:
            return original(*args, **named)
        if after:
            original(*args, **named)
        raise ApiRefused("topic", "sns", doing, "Busy", f"attempt {number}")

    setattr(project.cloud, operation, call)


def test_a_refused_call_is_tried_again_as_often_as_the_hook_says(
    project: Any, program: Callable[..., None], told: Callable[[], list[list[Any]]]
) -> None:
    program("return len(args.errors) < 3")
    fails(project, "create", 2, doing="CreateTopic")
    project.up()
    assert project.cloud.operations() == [("create", "news", "news")]
    inputs = {"displayName": "a", "name": "news"}
    errors = [f"topic: sns CreateTopic answered Busy: attempt {number}" for number in (1, 2)]
    assert told() == [
        ["create", "news", "", inputs, None, errors[:1]],
        ["create", "news", "", inputs, None, errors[::-1]],  # the newest first
    ]

    program("return False", text="b")
    fails(project, "update", 1, doing="SetTopicAttributes")
    with pytest.raises(ApiRefused, match=r"SetTopicAttributes answered Busy: attempt 1$"):
        project.up()
    assert told()[2][:5] == ["update", "news", "news", inputs | {"displayName": "b"}, inputs]
    assert project.cloud.operations() == []


def test_no_more_tries_than_the_engine_allows(project: Any, program: Callable[..., None], tmp_path: Path) -> None:
    program("return True")
    fails(project, "create", 1000, doing="CreateTopic")
    with pytest.raises(HookError, match=r"Topic::news: maximum number of error hook retries reached$"):
        project.up()
    assert len((tmp_path / "log").read_text().splitlines()) == 99  # the hundredth failure is the last


RAISES = 'raise ValueError("not my fault")'


def test_what_a_hook_raises_takes_the_place_of_a_refusal(project: Any, program: Callable[..., None]) -> None:
    program(RAISES)
    fails(project, "create", 1, doing="CreateTopic")
    with pytest.raises(HookError, match=r"^urn:\S+Topic::news: error hook 'told': not my fault$"):
        project.up()


def test_of_what_was_carried_out_in_part_the_refusal_is_told_and_what_the_hook_logs(
    project: Any, program: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    program("return False")
    project.up()
    program("pulumi.log.error('it was turned back')\n    " + RAISES, text="b")
    fails(project, "update", 1, doing=WAITING, after=True)
    with caplog.at_level(logging.ERROR), pytest.raises(ApiRefused, match=r"sns wait answered Busy: attempt 1$"):
        project.up()
    assert caplog.messages == ["it was turned back"]


def test_the_state_says_what_was_asked_for_where_waiting_for_it_failed(
    project: Any, program: Callable[..., None]
) -> None:
    program("return False")
    project.up()
    program("return False", text="b")
    fails(project, "update", 1, doing=WAITING, after=True)
    with pytest.raises(ApiRefused):
        project.up()
    project.cloud.operations()
    project.up()
    assert project.cloud.operations() == []  # nothing differs from the state, whatever the cloud made of it
    program("return False", text="a")
    project.up()
    assert project.cloud.operations() == [("update", "news")]


def test_no_hook_has_the_name_of_another(project: Any) -> None:
    project.program("pulumi.ResourceHook('h', lambda args: None)\npulumi.ErrorHook('h', lambda args: False)")
    with pytest.raises(HookError, match=r"^resource hook 'h': registered twice; give one of the two another name$"):
        project.preview()
