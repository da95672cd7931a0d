"""When an alarm changes its state: CloudWatch's rules over the last data points, missing ones included.

Source: CloudWatch user guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data", whose
tables are test cases here. The guide leaves the evaluation range open ("a higher number of data points than Evaluation
Periods"); its examples retrieve two more, and so does this module.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

EXTRA_DATAPOINTS = 2


class State(StrEnum):
    """The state of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Missing(StrEnum):
    """How a missing data point is treated."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The threshold of an alarm: `datapoints_to_alarm` of the last `evaluation_periods` data points must breach it."""

    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    missing: Missing


@dataclass(frozen=True, kw_only=True)
class Datapoint:
    """One period: its start (seconds since the epoch) and the value; None is missing."""

    start: float
    value: float | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The state an evaluation leads to, why, and the data points it rests on, newest first."""

    state: State
    reason: str
    datapoints: tuple[Datapoint, ...]


COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


def evaluate(rule: Rule, newest_first: Sequence[Datapoint], current: State) -> Verdict:
    """The verdict on `evaluation_periods + EXTRA_DATAPOINTS` periods, given the state the alarm is in."""
    breaches = COMPARISONS[rule.comparison][0]
    present = [(age, p) for age, p in enumerate(newest_first, start=1) if p.value is not None]
    recent = present[: rule.evaluation_periods]
    breaching = [(age, p) for age, p in recent if p.value is not None and breaches(p.value, rule.threshold)]
    absent = rule.evaluation_periods - len(recent)
    state = _state(rule, len(breaching), len(recent), absent, current)
    oldest = max((age for age, _ in breaching), default=0)
    if state is None:  # only breaching data, too little of it: alarm when it lasts long enough, else wait
        late = rule.missing is Missing.MISSING and oldest >= rule.datapoints_to_alarm
        state = State.ALARM if late else current
    return Verdict(
        state=state, reason=_reason(rule, state, recent, breaching, absent), datapoints=tuple(p for _, p in recent)
    )


def _state(rule: Rule, breaching: int, recent: int, absent: int, current: State) -> State | None:
    """The state, or None where missing data leave it open."""
    if absent > 0 and rule.missing is Missing.BREACHING:
        breaching += absent
    if breaching >= rule.datapoints_to_alarm:
        return State.ALARM
    if absent <= 0 or rule.missing in (Missing.BREACHING, Missing.NOT_BREACHING):
        return State.OK
    if recent == 0:
        return current if rule.missing is Missing.IGNORE else State.INSUFFICIENT_DATA
    return State.OK if recent > breaching else None


def _reason(
    rule: Rule,
    state: State,
    recent: Sequence[tuple[int, Datapoint]],
    breaching: Sequence[tuple[int, Datapoint]],
    absent: int,
) -> str:
    if not recent:
        return _reason_without_data(rule, absent)
    shown = breaching if state is State.ALARM and breaching else recent
    listed = ", ".join(f"{p.value} ({_clock_time(p.start)})" for _, p in shown)
    verb = "was" if len(shown) == 1 else "were"
    negation = "" if state is State.ALARM else "not "
    minimum = (
        rule.datapoints_to_alarm if state is State.ALARM else rule.evaluation_periods - rule.datapoints_to_alarm + 1
    )
    transition = "OK -> ALARM" if state is State.ALARM else "ALARM -> OK"
    return (
        f"Threshold Crossed: {len(shown)} out of the last {rule.evaluation_periods} datapoints [{listed}] "
        f"{verb} {negation}{COMPARISONS[rule.comparison][1]} the threshold ({rule.threshold}) "
        f"(minimum {minimum} datapoint{'' if minimum == 1 else 's'} for {transition} transition)."
    )


def _reason_without_data(rule: Rule, absent: int) -> str:
    noun = "datapoint was" if absent == 1 else "datapoints were"
    if rule.missing in (Missing.MISSING, Missing.IGNORE):
        return f"Insufficient Data: {absent} {noun} unknown."
    treated = "Breaching" if rule.missing is Missing.BREACHING else "NonBreaching"
    periods = "period" if absent == 1 else "periods"
    return (
        f"Threshold Crossed: no datapoints were received for {absent} {periods} "
        f"and {absent} missing {noun} treated as [{treated}]."
    )


def _clock_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d/%m/%y %H:%M:%S")
