"""An inference component that rests and is woken, against a platform that is played."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from local.loop import LoopError, named, resting
from local.loop.traffic import Answers

REFUSED = "Inference Component has no capacity to process this request."


class NoCapacityError(Exception):
    response: ClassVar[Any] = {"Error": {"Code": "ValidationError", "Message": REFUSED}}


class Played:
    """A component that refuses so many requests, and has its copies of the moment."""

    def __init__(self, *, copies: int, refuses: int, host: str = "component") -> None:
        self.kind, self.queue, self.asks = SimpleNamespace(host=host), None, {}
        self.copies, self.instances, self.refuses = copies, copies, refuses
        self.passed: list[int] = []

    def live(self) -> Any:
        return SimpleNamespace(counts={"champion": self.copies})

    def client(self, _: str) -> Any:
        return SimpleNamespace(exceptions=SimpleNamespace(ValidationError=NoCapacityError))

    def advance(self, seconds: int) -> None:
        self.passed.append(seconds)

    def ask(self) -> Answers:
        if self.refuses:
            self.refuses -= 1
            raise NoCapacityError
        self.copies = max(self.copies, 1)
        return Answers(latencies_ms=(1.0,), statuses={200: 1}, variants={}, seconds=1.0)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The lines that a function of `resting` tells of what is played."""
    monkeypatch.setattr(named, "ask", lambda platform, *_: platform.ask())
    return lambda rests, played: list(rests(cast(Any, played), cast(Any, played), [b"{}"]))


def test_a_component_without_requests_has_no_copy_and_is_back_after_those_that_were_refused(told: Any) -> None:
    played = Played(copies=0, refuses=2)
    assert told(resting.component, played) == [
        "0 copies on 0 instances after it",
        f"a request is refused: ValidationError: {REFUSED}",
        "served after 2 minutes by 1 copy: {200: 1}",
    ]
    assert played.passed == [3600, 60, 60]


@pytest.mark.parametrize(
    ("played", "why"),
    [
        (Played(copies=2, refuses=0), "after an hour without requests there are 2 copies on 2 instances, not 0"),
        (Played(copies=0, refuses=0), r"refused: \[\]; then \{200: 1\}"),
        (Played(copies=0, refuses=99), f"no copy is there after 10 minutes of requests: ValidationError: {REFUSED}"),
    ],
)
def test_copies_that_stay_or_do_not_come_back_end_the_run(told: Any, played: Played, why: str) -> None:
    with pytest.raises(LoopError, match=why):
        told(resting.component, played)


def test_a_component_is_woken_before_it_is_asked_where_it_has_no_copy_alone(told: Any) -> None:
    assert told(resting.awake, Played(copies=0, refuses=1)) == [
        "no copy was there: requests were refused for 1 minutes"
    ]
    assert told(resting.awake, Played(copies=1, refuses=1)) == []
    assert told(resting.awake, Played(copies=0, refuses=1, host="sagemaker")) == []


def test_what_always_waits_for_requests_does_not_rest() -> None:
    assert resting.of(cast(Any, Played(copies=1, refuses=0, host="sagemaker"))) is None
    assert resting.of(cast(Any, Played(copies=1, refuses=0))) is resting.component
