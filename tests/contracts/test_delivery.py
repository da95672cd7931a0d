"""What a build says of its end."""

from __future__ import annotations

from contracts.delivery import MOST, detail


def told(reason: str) -> str:
    return detail(pipeline="p", build="b", run="r", reason=reason, link="l")["reason"]


def test_a_fact_can_stand_in_a_text_of_json_as_it_is() -> None:
    assert told('policy: raw: name\n  a "key"\t(C:\\x)') == "policy: raw: name a 'key' (C:/x)"
    assert told("s3-encrypted: raw's key, 50 % of ü") == "s3-encrypted: raw's key, 50 % of ü"


def test_a_reason_is_as_long_as_a_message_may_be() -> None:
    assert told("x" * MOST) == "x" * MOST
    assert told("x" * (MOST + 1)) == "x" * (MOST - 1) + "…"
