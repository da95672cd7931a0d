"""The tables of the CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data"."""

from __future__ import annotations

import pytest

from local.emulator.cloudwatch.evaluation import Datapoint, Missing, Rule, State, evaluate

THRESHOLD = 10.0
SYMBOLS = {"0": 1.0, "X": 20.0, "-": None}
ALARM, OK, NO_DATA, KEPT = State.ALARM, State.OK, State.INSUFFICIENT_DATA, None


def rule(missing: Missing, datapoints: int = 3, periods: int = 3, comparison: str = "GreaterThanThreshold") -> Rule:
    return Rule(
        comparison=comparison,
        threshold=THRESHOLD,
        evaluation_periods=periods,
        datapoints_to_alarm=datapoints,
        missing=missing,
    )


def points(symbols: str) -> list[Datapoint]:
    """`0 - X` as in the guide's tables, oldest first, to data points, newest first."""
    values = [SYMBOLS[s] for s in reversed(symbols.split())]
    return [Datapoint(start=1_700_000_000.0 - 300 * n, value=value) for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("symbols", "datapoints", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", 3, OK, OK, OK, OK),
        ("- - - - 0", 3, OK, OK, OK, OK),
        ("- - - - -", 3, NO_DATA, KEPT, ALARM, OK),
        ("0 X X - X", 3, ALARM, ALARM, ALARM, ALARM),
        ("- - X - -", 3, ALARM, KEPT, ALARM, OK),
        ("- - - - X", 3, KEPT, KEPT, ALARM, OK),
        ("0 - X - X", 2, ALARM, ALARM, ALARM, ALARM),
        ("0 0 X 0 X", 2, ALARM, ALARM, ALARM, ALARM),
        ("0 - X - -", 2, OK, OK, ALARM, OK),
        ("- - - - 0", 2, OK, OK, ALARM, OK),
        ("- - - X -", 2, ALARM, KEPT, ALARM, OK),
    ],
)
@pytest.mark.parametrize("current", [State.OK, State.ALARM])
def test_the_guides_tables(
    symbols: str,
    datapoints: int,
    missing: State | None,
    ignore: State | None,
    breaching: State | None,
    not_breaching: State | None,
    current: State,
) -> None:
    expected = {
        Missing.MISSING: missing,
        Missing.IGNORE: ignore,
        Missing.BREACHING: breaching,
        Missing.NOT_BREACHING: not_breaching,
    }
    found = {m: evaluate(rule(m, datapoints), points(symbols), current).state for m in expected}
    assert found == {m: current if state is KEPT else state for m, state in expected.items()}


@pytest.mark.parametrize(
    ("comparison", "value", "state"),
    [
        ("GreaterThanThreshold", 10.0, OK),
        ("GreaterThanOrEqualToThreshold", 10.0, ALARM),
        ("LessThanThreshold", 10.0, OK),
        ("LessThanOrEqualToThreshold", 10.0, ALARM),
        ("LessThanThreshold", 9.9, ALARM),
        ("GreaterThanThreshold", 10.1, ALARM),
    ],
)
def test_comparisons_at_the_threshold(comparison: str, value: float, state: State) -> None:
    single = rule(Missing.MISSING, datapoints=1, periods=1, comparison=comparison)
    assert evaluate(single, [Datapoint(start=0, value=value)], State.OK).state is state


def test_the_reason_of_an_alarm_names_values_times_and_threshold() -> None:
    verdict = evaluate(rule(Missing.NOT_BREACHING, datapoints=2, periods=2), points("X X"), State.OK)
    assert verdict.reason == (
        "Threshold Crossed: 2 out of the last 2 datapoints [20.0 (14/11/23 22:13:20), 20.0 (14/11/23 22:08:20)] were "
        "greater than the threshold (10.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )


def test_the_reason_of_a_recovery() -> None:
    verdict = evaluate(rule(Missing.NOT_BREACHING, datapoints=1, periods=1), points("0"), State.ALARM)
    assert verdict.reason == (
        "Threshold Crossed: 1 out of the last 1 datapoints [1.0 (14/11/23 22:13:20)] was not greater than the "
        "threshold (10.0) (minimum 1 datapoint for ALARM -> OK transition)."
    )


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        (Missing.MISSING, "Insufficient Data: 3 datapoints were unknown."),
        (
            Missing.NOT_BREACHING,
            "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as "
            "[NonBreaching].",
        ),
        (
            Missing.BREACHING,
            "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as "
            "[Breaching].",
        ),
    ],
)
def test_the_reason_without_any_data(missing: Missing, reason: str) -> None:
    assert evaluate(rule(missing), points("- - - - -"), State.ALARM).reason == reason
