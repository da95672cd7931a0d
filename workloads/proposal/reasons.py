"""Why a line of a proposed contract is as it is: what was seen of its column, in words."""

from __future__ import annotations

from contracts.schema import ColumnType
from workloads.proposal import kinds
from workloads.proposal.profile import Profile


def seen(profile: Profile, kind: ColumnType) -> str:
    """What was seen of a column that is no person's."""
    if kind in (ColumnType.INTEGER, ColumnType.NUMBER) and profile.low is not None and profile.high is not None:
        return _numbers(profile, profile.low, profile.high) + _odd(profile, kind)
    if kind is ColumnType.TIMESTAMP:
        return span(profile) + _odd(profile, kind)
    if what := unreadable(profile):
        return what
    if profile.padded:
        return f"numbers with leading zeros are kept as texts, {profile.distinct} different ones"
    texts = "one text" if profile.distinct == 1 else f"{profile.distinct} different texts"
    is_used = kind is ColumnType.BOOLEAN or kinds.is_category(profile) or kinds.yes_no(profile)
    return texts + (
        "" if is_used else ": training learns them" if kinds.repeats(profile) else ": no feature of its own"
    )


def gaps(profile: Profile) -> str:
    """What is missing, and by which marks."""
    missing = profile.rows - profile.present
    marks = ", ".join(f"{mark!r} ({count})" for mark, count in profile.marks[:5])
    return "" if not missing else f"; {missing} rows without a value" + (f", of them {marks}" if marks else "")


def span(profile: Profile) -> str:
    """The first and the last day of timestamps."""
    assert profile.first is not None and profile.last is not None  # noqa: S101 - it has values of the type
    return f"{profile.first:%Y-%m-%d} to {profile.last:%Y-%m-%d}"


def unreadable(profile: Profile) -> str | None:
    """What a column of texts seems to hold and the file alone cannot tell."""
    if not profile.present or profile.kind != "text":
        return None
    return profile.spelling.question


def _numbers(profile: Profile, low: float, high: float) -> str:
    if profile.distinct == 1:
        return f"always {low:g}: nothing to learn from"
    mark = kinds.sentinel(profile)
    if mark is None:
        return f"{low:g} to {high:g} seen"
    ends = (profile.next_low, high) if mark == low else (low, profile.next_high)
    return (
        f"{ends[0]:g} to {ends[1]:g} seen; {mark:g} stands apart and is taken for no value, in place of the usual marks"
    )


def _odd(profile: Profile, kind: ColumnType) -> str:
    """The values of a column that are not of its type."""
    bad = profile.present - profile.read.get(kind, profile.present)
    example = repr(profile.odd.get(kind, "")[:40])
    return f"; {bad} of {profile.present} are no {kind} and are quarantined, such as {example}" if bad else ""
