"""What a build says of its end."""

from __future__ import annotations

from contracts.delivery import MOST, detail


def told(reason: str) -> str:
    return detail(pipeline="p", build="b", run="r", reason=reason, link="l")["reason"]


def test_a_fact_can_stand_in_a_text_of_json_as_it_is() -> None:
    assert told('policy: raw: name\n  a "key"\t(C:\\x)') == "policy: raw: name a 'key' (C:/x)"
    assert told("s3-encrypted: raw's key, 50 % of ü") == "s3-encrypted: raw's key, 50 % of ü"


def test_what_a_terminal_would_colour_or_ring_is_told_in_plain_words() -> None:
    """A control character would be no text of JSON, and EventBridge drops an event that becomes none."""
    assert told("\x1b[1;31merror\x1b[0m: no image\x07\x00\r\n\x1b]0;title\x07 here") == "error: no image ]0;title here"
    assert all(each.isprintable() for each in told("".join(map(chr, range(0x20))) + "\x7f\x85\u2028"))


def test_a_reason_is_as_long_as_a_message_may_be() -> None:
    assert told("x" * MOST) == "x" * MOST
    assert told("x" * (MOST + 1)) == "x" * (MOST - 1) + "…"
