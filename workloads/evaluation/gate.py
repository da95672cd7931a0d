"""The quality gate: which models may be registered. A pure decision, so that every edge of it is in a table test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.schema import Quality
from workloads.evaluation.metrics import Interval
from workloads.evaluation.model_tests import ModelTest


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
    quality: Quality,
    auc: Interval,
    accuracy: float,
    f1: float,
    calibration_error: float,
    auc_difference: Interval | None,
    model_tests: Sequence[ModelTest],
) -> Gate:
    """Every threshold AND not worse than the champion (None: there is none yet) AND every model test."""
    checks = [
        _at_least("auc", auc.value, quality.min_auc),
        _at_least("accuracy", accuracy, quality.min_accuracy),
        _at_least("f1", f1, quality.min_f1),
        Check(
            name="calibration_error",
            passed=calibration_error <= quality.max_calibration_error,
            found=f"{calibration_error:.4f}",
            allowed=f"<= {quality.max_calibration_error:g}",
        ),
    ]
    if auc_difference is not None:
        checks.append(_not_inferior(auc_difference, quality.max_auc_loss))
    checks += [
        Check(name=f"model test {t.name}", passed=t.passed, found=t.found, allowed=t.allowed) for t in model_tests
    ]
    failed = [check for check in checks if not check.passed]
    if failed:
        reason = "; ".join(f"{check.name} {check.found}, allowed {check.allowed}" for check in failed)
        return Gate(decision="reject", reason=reason, checks=tuple(checks))
    compared = "no champion to compare with" if auc_difference is None else "not worse than the champion"
    return Gate(decision="register", reason=f"all {len(checks)} checks hold; {compared}", checks=tuple(checks))


def _at_least(name: str, found: float, minimum: float) -> Check:
    return Check(name=name, passed=found >= minimum, found=f"{found:.4f}", allowed=f">= {minimum:g}")


def _not_inferior(difference: Interval, margin: float) -> Check:
    """Non-inferiority: the whole confidence interval lies above -margin (ICH E9, section 3.3.2)."""
    return Check(
        name="auc against the champion",
        passed=difference.low >= -margin,
        found=f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]",
        allowed=f"interval above {-margin:g}",
    )
