from __future__ import annotations

import logging
from typing import Any

import pytest

from automation.operations import unscaling
from tests.components.engine import LIVE


def test_where_nobody_can_be_asked_it_is_told_and_the_update_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from botocore.exceptions import NoCredentialsError

    def refused(**_: Any) -> None:
        raise NoCredentialsError

    monkeypatch.setattr(unscaling, "session", refused)
    make = unscaling.way_made(region="eu-west-1", profile=None, roles=())
    with caplog.at_level(logging.WARNING):
        make(LIVE, "same", "same")
        assert caplog.messages == []
        make(LIVE, "old", "new")
    assert caplog.messages == [
        "endpoint churn-staging-live: it is not known whether its instance types change and whether it scales "
        "(Unable to locate credentials); SageMaker refuses another type of a variant that does"
    ]
