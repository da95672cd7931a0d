"""Every kind that a stack may name is told apart by its settings, and drawn."""

from __future__ import annotations

from typing import get_args

from components.serving.kinds import KINDS as DRAWN
from contracts.kinds import KINDS
from settings import Endpoint


def _kind(settings: type) -> str:
    (kind,) = get_args(settings.model_fields["kind"].annotation)
    return kind


def test_every_kind_has_facts_settings_and_a_component() -> None:
    union, _ = get_args(Endpoint)
    assert sorted(map(_kind, get_args(union))) == sorted(KINDS)
    assert sorted(map(_kind, DRAWN)) == sorted(KINDS)
