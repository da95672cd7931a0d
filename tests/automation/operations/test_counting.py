"""The program's look at what serves, with the emulator in the place of AWS."""

from __future__ import annotations

import logging

import pytest

from automation.operations import counting
from contracts.release.live import Started
from local import identity
from tests.automation.conftest import Platform
from tests.automation.operations.test_releases import deployed

AWS = {"region": "eu-west-1", "profile": None, "roles": []}


@pytest.fixture
def reached(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """The platform, where the program's own environment leads."""
    for name, value in identity.environment(platform.emulator.url, "eu-west-1").items():
        monkeypatch.setenv(name, value)
    return platform


def test_what_serves_is_told_with_its_instances_and_how_it_began(reached: Platform) -> None:
    deployed(reached, reached.register())
    reached.scale(champion=8)
    absent = reached.names.of_its_workload.of_endpoint("absent")
    found = counting.found([reached.names, absent], {}, **AWS)
    assert set(found) == {reached.names.prefix}
    its = found[reached.names.prefix]
    assert (its.live.counts, its.started, its.template) == (
        {"champion": 8},
        {"champion": Started(instances=3, weight=100.0)},
        None,
    )


def test_who_cannot_be_asked_is_told_of_and_the_program_goes_on(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("automation.operations.counting.session", _refused)
    with caplog.at_level(logging.WARNING):
        assert counting.found([platform.names], {}, **AWS) == {}
    assert "it is not known how many instances the endpoints have now (Unable to locate credentials)" in caplog.text


def _refused(**_: object) -> object:
    from botocore.exceptions import NoCredentialsError

    raise NoCredentialsError


def test_on_paper_nobody_is_asked(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(counting.ON_PAPER, "yes")
    monkeypatch.setattr("automation.operations.counting.session", _refused)
    assert counting.found([platform.names], {}, **AWS) == {}
