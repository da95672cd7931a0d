"""Label shift: how far the labels of new rows have moved from those that the newest model learned from.

Features may look as ever while what they lead to has changed, or how it is recorded: the drift job, which sees what
endpoints are asked, cannot know. Standard library only: zipped into a Lambda.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NAMESPACE = "MLPipeline/ModelQuality"
#: Shares of few rows scatter by chance: as many standard errors as validation passes between two files.
NOISE_STANDARD_ERRORS = 3.0
_POSITIVE = ""  # stands for the positive rows among the classes: no class is called so


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Of the class whose share moved most beyond chance: its share in new rows and before, and the chance for it."""

    name: str
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
        what = f"the share of label {self.name}" if self.name else "the label rate"
        return (
            f"{what} is {self.now:.4g} in {self.rows} new rows, and {self.before:.4g} in what the newest model "
            f"learned from; {self.chance:.2g} would be chance"
        )


def shift(parts: Iterable[Mapping[str, Any]], verdicts: Iterable[Mapping[str, Any]]) -> Shift | None:
    """Between the parts of a data set, as its manifest tells them, and accepted objects, as their verdicts do.

    None where labels are numbers, and where one of the two has no rows.
    """
    before, rows_before = _learned(parts)
    now, rows_now = _delivered(verdicts)
    if not before or not rows_before or not rows_now:
        return None
    found = [
        Shift(
            name=name,
            now=now[name] / rows_now,
            before=count / rows_before,
            chance=_chance(count / rows_before, rows_before, rows_now),
            rows=rows_now,
        )
        for name, count in before.items()
    ]
    return max(found, key=lambda each: each.score)


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
