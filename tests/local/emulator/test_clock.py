from __future__ import annotations

import pytest

from local.emulator.clock import POLL_SECONDS, Clock


class Wall:
    """Wall time that passes only in sleep."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall = Wall()
    monkeypatch.setattr("local.emulator.clock.time", wall)
    return wall


def test_time_is_wall_time_until_something_waits(wall: Wall) -> None:
    assert Clock(1 / 600).emulated() == wall.now


def test_a_wait_takes_its_scaled_length_and_passes_its_full_length(wall: Wall) -> None:
    clock, began = Clock(1 / 1000), wall.now
    before = clock.emulated()
    assert clock.wait(60) is False
    assert wall.now - began == pytest.approx(0.06, abs=1e-3)
    assert clock.emulated() - before == pytest.approx(60, abs=1e-3)


@pytest.mark.usefixtures("wall")
def test_an_interrupted_wait_passes_only_what_it_waited() -> None:
    clock = Clock(1 / 1000)
    before, calls = clock.emulated(), iter([False, False, True])
    assert clock.wait(3600, lambda: next(calls)) is True
    assert clock.emulated() - before == pytest.approx(2 * POLL_SECONDS * 1000, abs=1e-3)


def test_what_lies_before_a_wait_keeps_its_distances(wall: Wall) -> None:
    clock, earlier = Clock(1 / 1000), wall.now - 100
    clock.wait(60)
    assert clock.emulated(earlier + 10) - clock.emulated(earlier) == pytest.approx(10)


@pytest.mark.usefixtures("wall")
def test_advance_moves_at_once() -> None:
    clock = Clock(1.0)
    before = clock.emulated()
    clock.advance(300)
    assert clock.emulated() - before == 300


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(
        ValueError, match=r"^cannot advance by -1 seconds, time does not run backwards; give 0 or more$"
    ):
        Clock(1.0).advance(-1)


@pytest.mark.parametrize("scale", [0, -1, 1.5])
def test_scales_beyond_the_wall_are_refused(scale: float) -> None:
    with pytest.raises(ValueError, match=f"^time scale is {scale}, allowed is more than 0 and at most 1"):
        Clock(scale)
