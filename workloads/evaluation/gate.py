"""The quality gate: which models may be registered. A pure decision, so that every edge of it is in a table test."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from contracts.metrics import OF_MODEL_TESTS
from contracts.schema import Bounds, Fairness
from workloads.evaluation.fairness import COMPARED, Disparities
from workloads.evaluation.intervals import Comparison, Interval
from workloads.model_tests.trial import ModelTest

#: Bounds of what is no metric of the outputs: the comparisons with the champion, and those of model tests.
ELSEWHERE = ("auc_loss", "loss_increase", *OF_MODEL_TESTS)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One condition of the gate: what was found, what is allowed by which key of the contract, and whether it holds."""

    name: str
    passed: bool
    found: str
    allowed: str
    key: str = ""
    advice: str = ""

    @property
    def sentence(self) -> str:
        """Why it fails."""
        source = f" ({self.key} of the contract)" if self.key else ""
        return f"{self.name} {self.found}, allowed {self.allowed}{source}{self.advice and f': {self.advice}'}"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """`decision` is "register" or "reject"; `reason` says why in a sentence (SageMaker shows it when it rejects)."""

    decision: str
    reason: str
    checks: tuple[Check, ...]


def decide(
    *,
    quality: Sequence[Bounds],
    measured: Mapping[str, Interval],
    rows: int,
    comparison: Comparison | None,
    model_tests: Sequence[ModelTest],
    at_threshold: Mapping[str, float] | None = None,
    fairness: Iterable[Check] = (),
) -> Gate:
    """Every bound of a measured metric AND of fairness AND not worse than the champion (None: there is none yet) AND
    every model test.

    `quality` are the contract's bounds; those of `ELSEWHERE` are no metrics of the outputs. KeyError for another that
    is not in `measured`. `rows` of the test set and the thresholds of the metrics that have one are for the words of a
    refusal.
    """
    checks = [*bounded(quality, measured, rows, at_threshold or {}), *fairness]
    if comparison is not None:
        margin = next((bounds.max for bounds in quality if bounds.metric == comparison.bound), None)
        if margin is not None:
            checks.append(_not_inferior(comparison, margin, rows))
    checks += [
        Check(name=f"model test {t.name}", passed=t.passed, found=t.found, allowed=t.allowed, key=t.key)
        for t in model_tests
    ]
    failed = [check for check in checks if not check.passed]
    if failed:
        reason = "; ".join(check.sentence for check in failed)
        return Gate(decision="reject", reason=reason, checks=tuple(checks))
    compared = "no champion to compare with" if comparison is None else "not worse than the champion"
    return Gate(decision="register", reason=f"all {len(checks)} checks hold; {compared}", checks=tuple(checks))


def bounded(
    quality: Sequence[Bounds], measured: Mapping[str, Interval], rows: int, at_threshold: Mapping[str, float]
) -> Iterator[Check]:
    """The bounds of measured metrics; those of `ELSEWHERE` are left out. KeyError for another that was not measured."""
    for bounds in quality:
        if bounds.metric not in ELSEWHERE:
            found = measured[bounds.metric]
            at = at_threshold.get(bounds.metric)
            where = "" if at is None else f" at threshold {at:g}"
            yield within(found, bounds, where=where, advice=_near(found, bounds, rows))


def within(
    found: Interval | float,
    bounds: Bounds,
    *,
    name: str | None = None,
    place: str = "quality",
    where: str = "",
    advice: str = "",
) -> Check:
    """The estimate decides. Ends belong to what is allowed; NaN is never within. `place` is where in the contract the
    bounds stand, `where` of what was found."""
    value, interval = (found.value, f" {_ends(found)}") if isinstance(found, Interval) else (found, "")
    ends = {"min": (">=", bounds.min), "max": ("<=", bounds.max)}
    given = {name: (sign, end) for name, (sign, end) in ends.items() if end is not None}
    broken = [name for name, (sign, end) in given.items() if not (value >= end if sign == ">=" else value <= end)]
    return Check(
        name=name or bounds.metric,
        passed=not broken,
        found=f"{value:.4f}{interval}{where}",
        allowed=" and ".join(f"{sign} {end:g}" for sign, end in given.values()),
        key=", ".join(f"{place}.{bounds.metric}.{end}" for end in broken or given),
        advice=advice,
    )


def _ends(interval: Interval) -> str:
    return f"[{interval.low:.4f}, {interval.high:.4f}]"


def _near(found: Interval, bounds: Bounds, rows: int) -> str:
    """What to do where the interval reaches over an end of the bounds: chance may have decided."""
    ends = [end for end in (bounds.min, bounds.max) if end is not None]
    if not any(found.low < end < found.high for end in ends):
        return ""
    return (
        f"the limit lies within the interval: {rows} test rows are too few to tell; give more data, or a larger "
        "split.test"
    )


def fair(limits: Fairness | None, found: Mapping[str, Disparities]) -> Iterator[Check]:
    """The contract's limits, held against what was found by segment and metric; what nobody can compare fails."""
    for limit in () if limits is None else limits.limits:
        metric, place = limit.bounds.metric, f"fairness.{limit.segment}"
        disparities = found[limit.segment]
        value, worst = disparities.values[metric], disparities.worst(metric)
        advice = f"fewer than two groups have {COMPARED} rows and what it compares" if math.isnan(value) else ""
        where = f" of class {worst}" if worst else ""
        name = f"{metric} by {limit.segment}"
        yield within(value, limit.bounds, name=name, place=place, where=where, advice=advice)


def _not_inferior(comparison: Comparison, margin: float, rows: int) -> Check:
    """Non-inferiority: the whole confidence interval lies on this side of the margin (ICH E9, section 3.3.2)."""
    passed = comparison.worst <= margin
    difference = comparison.difference
    return Check(
        name=f"{comparison.metric} against the champion",
        passed=passed,
        found=f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]",
        allowed=f"interval above {-margin:g}" if comparison.larger_is_better else f"interval below {margin:+g}",
        key=f"quality.{comparison.bound}.max",
        advice="" if passed else _more_rows(comparison, margin, rows),
    )


def _more_rows(comparison: Comparison, margin: float, rows: int) -> str:
    """What to do where the model itself is good enough and only the interval is too wide.

    Its width falls with the square root of the rows (the variance is inversely proportional to them).
    """
    room = margin - comparison.expected
    if room <= 0 or not math.isfinite(comparison.worst):
        return ""
    needed = round(rows * ((comparison.worst - comparison.expected) / room) ** 2)
    return (
        f"too few test rows: of {rows} the interval is too wide to tell, about {_round(needed)} would do if the "
        "difference stays; give more data, or a larger split.test"
    )


def _round(count: int) -> int:
    """Two leading digits, rounded up: more would claim a precision that is not there."""
    step = 10 ** max(0, len(str(count)) - 2)
    return -(-count // step) * step
