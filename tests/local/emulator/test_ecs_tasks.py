"""The tasks of one definition, as a set, with tasks that are no processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from local.emulator.context import Context
from local.emulator.ecs import tasks
from local.emulator.ecs.tasks import TaskSet


class Played:
    """A task whose start can be made to last as long as something else takes."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.alive, self._meanwhile = False, meanwhile

    def run(self, _: list[str]) -> None:
        self.alive = True
        self._meanwhile()

    def drain(self) -> None:
        self.alive = False

    kill = drain


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[TaskSet, list[Played], list[Callable[[], None]]]:
    """A set, every task that it ever had, and what happens while the next ones start."""
    made: list[Played] = []
    meanwhile: list[Callable[[], None]] = []

    def task(*_: Any) -> Played:
        made.append(Played(lambda: meanwhile.pop(0)() if meanwhile else None))
        return made[-1]

    monkeypatch.setattr(tasks, "Task", task)
    return TaskSet(cast(Context, None), "eu-west-1", tmp_path, None, []), made, meanwhile


Playing = tuple[TaskSet, list[Played], list[Callable[[], None]]]


@pytest.mark.parametrize("end", [TaskSet.stop, TaskSet.kill])
def test_a_task_that_starts_while_all_are_taken_away_does_not_stay(played: Playing, end: Callable[..., None]) -> None:
    group, made, meanwhile = played
    group.scale(2)
    made[0].kill()
    meanwhile.append(lambda: end(group))
    group.mend()
    assert len(made) == 3
    assert [task.alive for task in made] == [False, False, False]
    assert group.tasks == []
    assert not group.lacks


def test_a_task_that_dies_is_replaced_while_the_others_stay(played: Playing) -> None:
    group, made, _ = played
    group.scale(2)
    made[0].kill()
    assert group.lacks
    group.mend()
    assert [task.alive for task in made] == [False, True, True]
    assert not group.lacks
