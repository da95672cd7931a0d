"""What an approval is told of production, in a line."""

from __future__ import annotations

from automation.evidence.brief import brief

PREVIEW = {"steps": [{"op": "create"}, {"op": "update"}, {"op": "create"}]}
COST = {"total": {"usd": 512.3}}
POLICIES = {"stops": False}


def test_a_brief_says_changes_price_and_policies() -> None:
    assert brief(500.0, preview=PREVIEW, cost=COST, policies=POLICIES) == (
        "Changes: 1 update, 2 create. Price: 512.30 USD a month, +12.30 by this. Policies: none stops it."
    )


def test_a_first_delivery_has_no_price_to_compare_with_and_a_policy_may_stop_it() -> None:
    assert brief(None, preview={"steps": []}, cost=COST, policies={"stops": True}) == (
        "Changes: none. Price: 512.30 USD a month. Policies: some stop it."
    )


def test_what_was_not_to_be_had_is_said() -> None:
    assert brief(500.0, preview=None, cost=None, policies=None) == (
        "Changes: not known. Price: not known. Policies: not known."
    )
