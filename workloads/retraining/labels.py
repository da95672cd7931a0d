"""Label shift: how far the labels of new rows have moved from those that the newest model learned from.

Of classes that is the change of a share, and so it is of numbers: of the share of labels up to some value, the one
where it changed most (the distance of Kolmogorov and Smirnov), by the quantiles of both.

Features may look as ever while what they lead to has changed, or how it is recorded: the drift job, which sees what
endpoints are asked, cannot know. Standard library only: zipped into a Lambda.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.datasets import DRAWN_ROWS, QUANTILES

NAMESPACE = "MLPipeline/ModelQuality"
#: Shares of few rows scatter by chance: as many standard errors as validation passes between two files.
NOISE_STANDARD_ERRORS = 3.0
#: By which the distance of two samples exceeds 1 in 370 times, as a figure exceeds three standard errors: the limit of
#: its distribution is 2 exp(-2 x^2) (Smirnov, Table for Estimating the Goodness of Fit, 1948).
_NOISE = math.sqrt(-math.log(math.erfc(NOISE_STANDARD_ERRORS / math.sqrt(2)) / 2) / 2)
#: Rows, and the quantiles of their labels.
Told = tuple[int, Sequence[float]]
_POSITIVE = ""  # stands for the positive rows among the classes: no class is called so


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Of the share that moved most beyond chance: what it is of, in new rows and before, and the chance for it."""

    what: str
    now: float
    before: float
    chance: float
    rows: int

    @property
    def score(self) -> float:
        """How far beyond chance the share moved: what is published and what the limit is compared with; 0 is not."""
        return max(0.0, abs(self.now - self.before) - self.chance)

    def __str__(self) -> str:
        """In a sentence, without the limit."""
        return (
            f"{self.what} is {self.now:.4g} in {self.rows} new rows, and {self.before:.4g} in what the newest model "
            f"learned from; {self.chance:.2g} would be chance"
        )


def shift(parts: Iterable[Mapping[str, Any]], verdicts: Iterable[Mapping[str, Any]]) -> Shift | None:
    """Between the parts of a data set, as its manifest tells them, and accepted objects, as their verdicts do.

    None where one of the two tells of no labels.
    """
    parts, verdicts = list(parts), list(verdicts)
    return _of_classes(parts, verdicts) or _of_numbers(parts, verdicts)


def _of_classes(parts: Iterable[Mapping[str, Any]], verdicts: Iterable[Mapping[str, Any]]) -> Shift | None:
    before, rows_before = _learned(parts)
    now, rows_now = _delivered(verdicts)
    if not before or not rows_before or not rows_now:
        return None
    found = [
        Shift(
            what=f"the share of label {name}" if name else "the label rate",
            now=now[name] / rows_now,
            before=count / rows_before,
            chance=_chance(count / rows_before, rows_before, rows_now),
            rows=rows_now,
        )
        for name, count in before.items()
    ]
    return max(found, key=lambda each: each.score)


def _of_numbers(parts: Iterable[Mapping[str, Any]], verdicts: Iterable[Mapping[str, Any]]) -> Shift | None:
    before = [(part["rows"], part["label_quantiles"]) for part in parts if part.get("label_quantiles")]
    told = [(verdict["accepted"], verdict.get("summary") or {}) for verdict in verdicts]
    now = [(rows, summary["label_quantiles"]) for rows, summary in told if summary.get("label_quantiles")]
    if not before or not now:
        return None
    value, share_now, share_before = _farthest(now, before)
    drawn = [sum(min(rows, DRAWN_ROWS) for rows, _ in each) for each in (now, before)]
    return Shift(
        what=f"the share of labels up to {value:g}",
        now=share_now,
        before=share_before,
        chance=_NOISE * math.sqrt(sum(1 / rows for rows in drawn)) + 1 / (QUANTILES - 1),
        rows=sum(rows for rows, _ in now),
    )


def _farthest(now: Sequence[Told], before: Sequence[Told]) -> tuple[float, float, float]:
    """The value up to which the shares of labels differ most, and both shares."""
    steps = defaultdict[float, list[float]](lambda: [0.0, 0.0])
    for side, told in enumerate((now, before)):
        total = sum(rows for rows, _ in told)
        for rows, quantiles in told:
            for value in quantiles:
                steps[value][side] += rows / total / len(quantiles)
    found, shares = (0.0, 0.0, 0.0), (0.0, 0.0)
    for value in sorted(steps):
        shares = shares[0] + steps[value][0], shares[1] + steps[value][1]
        if abs(shares[0] - shares[1]) > abs(found[1] - found[2]):
            found = (value, *shares)
    return found


def _learned(parts: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, float], int]:
    """Rows by class, and of all."""
    counts, rows = Counter[str](), 0
    for part in parts:
        rows += part["rows"]
        counts.update(part.get("classes") or ({_POSITIVE: part["positives"]} if "positives" in part else {}))
    return counts, rows


def _delivered(verdicts: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, float], int]:
    """The same of the rows whose verdict says which labels they have."""
    counts = defaultdict[str, float](float)
    rows = 0
    for verdict in verdicts:
        summary = verdict.get("summary") or {}
        shares = dict(summary.get("label_shares") or {})
        if (rate := summary.get("label_rate")) is not None:
            shares[_POSITIVE] = rate
        if shares:
            rows += verdict["accepted"]
            for name, share in shares.items():
                counts[name] += share * verdict["accepted"]
    return counts, rows


def _chance(share: float, *rows: int) -> float:
    return NOISE_STANDARD_ERRORS * math.sqrt(sum(share * (1 - share) / each for each in rows))


def metric(score: float, *, pipeline: str, now_ms: int) -> str:
    """LabelShift as a line of CloudWatch's embedded metric format: of a function's log a metric is made without a call
    (CloudWatch user guide, "Specification: Embedded metric format")."""
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["Pipeline"]],
        "Metrics": [{"Name": "LabelShift", "Unit": "None"}],
    }
    told = {"Timestamp": now_ms, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": told, "Pipeline": pipeline, "LabelShift": score})
