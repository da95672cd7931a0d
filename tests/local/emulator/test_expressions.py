from __future__ import annotations

import re

import pytest

from local.emulator.cloudwatch.expressions import UnsupportedExpression, evaluate, names, parse


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("m1 + m2 * 2", {"m1": 1.0, "m2": 3.0}, 7.0),
        ("-(m1 - 4) / 2", {"m1": 1.0}, 1.5),
        ("100 * errors / requests", {"errors": 1.0, "requests": 50.0}, 2.0),
        ("errors / requests", {"errors": 1.0, "requests": 0.0}, None),
        ("errors / requests", {"errors": None, "requests": 4.0}, None),
        ("FILL(errors, 0) / requests", {"errors": None, "requests": 4.0}, 0.0),
        ("IF(requests > 10, errors / requests, 0)", {"errors": 5.0, "requests": 20.0}, 0.25),
        ("IF(requests > 10, errors / requests, 0)", {"errors": 5.0, "requests": 5.0}, 0.0),
        ("IF(requests > 10, 1, 0)", {"requests": None}, None),
        ("MAX(m1, m2)", {"m1": 1.0, "m2": 3.0}, 3.0),
        ("MIN(m1, m2)", {"m1": 1.0, "m2": None}, None),
        ("ABS(m1)", {"m1": -2.0}, 2.0),
    ],
)
def test_values(text: str, values: dict[str, float | None], expected: float | None) -> None:
    assert evaluate(parse(text), values) == expected


def test_names_are_the_metrics_and_not_the_functions() -> None:
    assert names(parse("IF(m1 > 1, FILL(m2, 0), m3)")) == {"m1", "m2", "m3"}


@pytest.mark.parametrize(
    "text",
    [
        "SUM(METRICS())",
        "ANOMALY_DETECTION_BAND(m1, 2)",
        "m1 ** 2",
        "FILL(m1)",
        "m1.x",
        "'a'",
        "m1 > 1 > 0",
        "FILL(m1, 0",
    ],
)
def test_other_metric_math_is_refused_by_name(text: str) -> None:
    with pytest.raises(UnsupportedExpression, match=f"^metric math {re.escape(repr(text))} is not "):
        parse(text)
