"""The quality gate: which models may be registered. A pure decision, so that every edge of it is in a table test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.schema import Bounds
from workloads.evaluation.metrics import AT_THRESHOLD, Interval
from workloads.evaluation.model_tests import ModelTest

AUC_LOSS, LATENCY = "auc_loss", "latency_ms"
_ELSEWHERE = (AUC_LOSS, LATENCY)


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
    measured: Mapping[str, float],
    threshold: float,
    rows: int,
    auc_difference: Interval | None,
    model_tests: Sequence[ModelTest],
) -> Gate:
    """Every bound of a measured metric AND not worse than the champion (None: there is none yet) AND every model test.

    `quality` are the contract's bounds; two of them are no metrics of the scores: that of the comparison with the
    champion, and that of the latency, which is a model test. KeyError for another that is not in `measured`. `rows`
    of the test set and the decision `threshold` are for the words of a refusal.
    """
    bounded = [bounds for bounds in quality if bounds.metric not in _ELSEWHERE]
    checks = [_within(measured[bounds.metric], bounds, threshold) for bounds in bounded]
    margin = next((bounds.max for bounds in quality if bounds.metric == AUC_LOSS), None)
    if auc_difference is not None and margin is not None:
        checks.append(_not_inferior(auc_difference, margin, rows))
    checks += [
        Check(name=f"model test {t.name}", passed=t.passed, found=t.found, allowed=t.allowed, key=t.key)
        for t in model_tests
    ]
    failed = [check for check in checks if not check.passed]
    if failed:
        reason = "; ".join(check.sentence for check in failed)
        return Gate(decision="reject", reason=reason, checks=tuple(checks))
    compared = "no champion to compare with" if auc_difference is None else "not worse than the champion"
    return Gate(decision="register", reason=f"all {len(checks)} checks hold; {compared}", checks=tuple(checks))


def _within(found: float, bounds: Bounds, threshold: float) -> Check:
    """Ends belong to what is allowed; NaN is never within."""
    ends = {"min": (">=", bounds.min), "max": ("<=", bounds.max)}
    given = {name: (sign, end) for name, (sign, end) in ends.items() if end is not None}
    broken = [name for name, (sign, end) in given.items() if not (found >= end if sign == ">=" else found <= end)]
    return Check(
        name=bounds.metric,
        passed=not broken,
        found=f"{found:.4f}" + (f" at threshold {threshold:g}" if bounds.metric in AT_THRESHOLD else ""),
        allowed=" and ".join(f"{sign} {end:g}" for sign, end in given.values()),
        key=", ".join(f"quality.{bounds.metric}.{name}" for name in broken or given),
    )


def _not_inferior(difference: Interval, margin: float, rows: int) -> Check:
    """Non-inferiority: the whole confidence interval lies above -margin (ICH E9, section 3.3.2)."""
    passed = difference.low >= -margin
    return Check(
        name="auc against the champion",
        passed=passed,
        found=f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]",
        allowed=f"interval above {-margin:g}",
        key=f"quality.{AUC_LOSS}.max",
        advice="" if passed else _more_rows(difference, margin, rows),
    )


def _more_rows(difference: Interval, margin: float, rows: int) -> str:
    """What to do where the model itself is good enough and only the interval is too wide.

    Its width falls with the square root of the rows (DeLong's variance is inversely proportional to them).
    """
    room = difference.value + margin
    if room <= 0:
        return ""
    needed = round(rows * ((difference.value - difference.low) / room) ** 2)
    return (
        f"too few test rows: of {rows} the interval is too wide to tell, about {_round(needed)} would do if the "
        "difference stays; give more data, or a larger split.test"
    )


def _round(count: int) -> int:
    """Two leading digits, rounded up: more would claim a precision that is not there."""
    step = 10 ** max(0, len(str(count)) - 2)
    return -(-count // step) * step
