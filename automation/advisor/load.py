"""The requests of a month by the pattern in which they come: contracts/advice/patterns.csv."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import contracts.advice
from contracts.advice import Needs

_TABLE: Final = Path(contracts.advice.__file__).with_name("patterns.csv")


@dataclass(frozen=True, kw_only=True)
class Load:
    """Hours of a month and requests a second in them: when most come, and in what of the other hours has any."""

    peak_hours: float
    peak_rps: float
    other_hours: float
    other_rps: float

    @classmethod
    def of(cls, needs: Needs) -> Load:
        """The load that needs describe."""
        peak_hours, other_hours, other_share = _patterns()[needs.pattern]
        return cls(
            peak_hours=peak_hours,
            peak_rps=needs.rps,
            other_hours=other_hours,
            other_rps=needs.rps * other_share,
        )

    @property
    def requests(self) -> float:
        """Requests in the month."""
        return 3600 * (self.peak_hours * self.peak_rps + self.other_hours * self.other_rps)


@cache
def _patterns() -> Mapping[str, tuple[float, float, float]]:
    with _TABLE.open(encoding="utf-8", newline="") as rows:
        return {
            row["pattern"]: (float(row["peak_hours"]), float(row["other_hours"]), float(row["other_share"]))
            for row in csv.DictReader(rows)
        }
