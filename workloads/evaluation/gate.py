"""The quality gate: which models may be registered. A pure decision, so that every edge of it is in a table test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.schema import Bounds
from workloads.evaluation.metrics import Interval
from workloads.evaluation.model_tests import ModelTest

AUC_LOSS, LATENCY = "auc_loss", "latency_ms"
_ELSEWHERE = (AUC_LOSS, LATENCY)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One condition of the gate: what was found, what is allowed, and whether it holds."""

    name: str
    passed: bool
    found: str
    allowed: str


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
    auc_difference: Interval | None,
    model_tests: Sequence[ModelTest],
) -> Gate:
    """Every bound of a measured metric AND not worse than the champion (None: there is none yet) AND every model test.

    `quality` are the contract's bounds; two of them are no metrics of the scores: that of the comparison with the
    champion, and that of the latency, which is a model test. KeyError for another that is not in `measured`.
    """
    checks = [_within(measured[bounds.metric], bounds) for bounds in quality if bounds.metric not in _ELSEWHERE]
    margin = next((bounds.max for bounds in quality if bounds.metric == AUC_LOSS), None)
    if auc_difference is not None and margin is not None:
        checks.append(_not_inferior(auc_difference, margin))
    checks += [
        Check(name=f"model test {t.name}", passed=t.passed, found=t.found, allowed=t.allowed) for t in model_tests
    ]
    failed = [check for check in checks if not check.passed]
    if failed:
        reason = "; ".join(f"{check.name} {check.found}, allowed {check.allowed}" for check in failed)
        return Gate(decision="reject", reason=reason, checks=tuple(checks))
    compared = "no champion to compare with" if auc_difference is None else "not worse than the champion"
    return Gate(decision="register", reason=f"all {len(checks)} checks hold; {compared}", checks=tuple(checks))


def _within(found: float, bounds: Bounds) -> Check:
    """Ends belong to what is allowed; NaN is never within."""
    ends = [(">=", bounds.min), ("<=", bounds.max)]
    return Check(
        name=bounds.metric,
        passed=all(end is None or (found >= end if sign == ">=" else found <= end) for sign, end in ends),
        found=f"{found:.4f}",
        allowed=" and ".join(f"{sign} {end:g}" for sign, end in ends if end is not None),
    )


def _not_inferior(difference: Interval, margin: float) -> Check:
    """Non-inferiority: the whole confidence interval lies above -margin (ICH E9, section 3.3.2)."""
    return Check(
        name="auc against the champion",
        passed=difference.low >= -margin,
        found=f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]",
        allowed=f"interval above {-margin:g}",
    )
