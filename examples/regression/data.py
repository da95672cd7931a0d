"""Writes the data of the example: `python examples/regression/data.py diabetes.csv`.

scikit-learn ships it (`sklearn.datasets.load_diabetes`), without a name for the patients and without a gap. Data of a
hospital has gaps, so cells are taken out by a rule: of `GAPS` a measure is empty in every patient whose number, divided
by the first figure, leaves the second.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any, Final

from sklearn.datasets import load_diabetes

#: Of 442 patients 88 lack their glucose, 63 their blood pressure and 13 both.
GAPS: Final = {"s6": (5, 2), "bp": (7, 3)}


def write(path: Path) -> None:
    """Every patient under a number, with the measures as scikit-learn calls them, unscaled, and `GAPS` taken out."""
    data: Any = load_diabetes(scaled=False)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["patient", *data.feature_names, "progression"])
        for number, (values, target) in enumerate(zip(data.data, data.target, strict=True)):
            measures = dict(zip(data.feature_names, values.tolist(), strict=True))
            cells = {**measures, "sex": int(measures["sex"]), **dict.fromkeys(_gaps(number), "")}
            writer.writerow([f"P{number:03}", *cells.values(), target])


def _gaps(number: int) -> list[str]:
    return [name for name, (divisor, rest) in GAPS.items() if number % divisor == rest]


if __name__ == "__main__":
    write(Path(sys.argv[1]))
