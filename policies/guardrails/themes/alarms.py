"""What alarms watch."""

from __future__ import annotations

from collections.abc import Iterable

from ..finding import Finding, Findings
from ..resource import Resource


def watched(alarms: Iterable[Resource], metric: str, violation: Finding) -> Findings:
    """The violation, unless one of the alarms reads the metric, plain or in metric math.

    Undecided when none is known to read it and one reads a metric that is not known yet.
    """
    names = [
        name
        for alarm in alarms
        for name in (alarm.prop("metricName"), *alarm.props("metricQueries[].metric.metricName"))
        if not name.missing
    ]
    if any(name.raw == metric for name in names):
        return
    waiting = [name for name in names if name.unknown]
    yield waiting[0].owner.undecided(waiting[0].path) if waiting else violation
