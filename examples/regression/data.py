"""Writes the data of the example: `python examples/regression/data.py diabetes.csv`.

scikit-learn ships it (`sklearn.datasets.load_diabetes`), without a name for the patients.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

from sklearn.datasets import load_diabetes


def write(path: Path) -> None:
    """Every patient under a number, with the measures as scikit-learn calls them, unscaled."""
    data: Any = load_diabetes(scaled=False)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["patient", *data.feature_names, "progression"])
        for number, (values, target) in enumerate(zip(data.data, data.target, strict=True)):
            writer.writerow([f"P{number:03}", *values, target])


if __name__ == "__main__":
    write(Path(sys.argv[1]))
