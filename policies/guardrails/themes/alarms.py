"""What an alarm watches."""

from __future__ import annotations

from collections.abc import Iterable

from ..reading import Prop
from ..resource import Resource


def metrics(alarm: Resource) -> list[str]:
    """The names of the metrics that an alarm reads, plain or in metric math; one not known yet is left out."""
    names: list[Prop] = [alarm.prop("metricName"), *alarm.props("metricQueries[].metric.metricName")]
    return [name.raw for name in names if isinstance(name.raw, str)]


def measured(found: Iterable[str], wanted: str) -> bool:
    """Whether a metric is among those found; the 5XX metric also goes by its newer name."""
    same = {"Invocation5XXErrors": {"Invocation5XXErrors", "InvocationModelErrors"}}.get(wanted, {wanted})
    return bool(same & set(found))
