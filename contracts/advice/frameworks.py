"""How long a request takes by what scores it: `frameworks.csv`. Assumed, until somebody has measured."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from contracts.advice.needs import Needs


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """Time of one request, in ms: on one core, and on one GPU where the framework uses one."""

    request_ms: float
    gpu_ms: float | None
    inferentia: bool
    source: str


@cache
def frameworks() -> Mapping[str, Scoring]:
    """Every framework by name."""
    with Path(__file__).with_name("frameworks.csv").open(encoding="utf-8", newline="") as rows:
        return {
            row["framework"]: Scoring(
                request_ms=float(row["request_ms"]),
                gpu_ms=float(row["gpu_ms"]) if row["gpu_ms"] else None,
                inferentia=row["inferentia"] == "yes",
                source=row["source"],
            )
            for row in csv.DictReader(rows)
        }


def core_ms(needs: Needs) -> float:
    """Time of a request on one core: measured where the needs say so, else the framework's."""
    return needs.request_ms or frameworks()[needs.framework].request_ms
