"""Writes the data of the second workload: `python examples/two-workloads/data.py biopsy.csv`.

scikit-learn ships it (`sklearn.datasets.load_breast_cancer`), without a name for the samples and sorted by nothing.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

from sklearn.datasets import load_breast_cancer

#: What the contract uses of its thirty measures.
MEASURES = (
    *("mean radius", "mean texture", "mean smoothness", "mean concavity", "mean symmetry"),
    *("worst radius", "worst concavity"),
)


def write(path: Path) -> None:
    """Every sample under its number, with the measures as scikit-learn calls them and the class in words."""
    data: Any = load_breast_cancer()
    columns = [list(data.feature_names).index(measure) for measure in MEASURES]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["sample", *MEASURES, "class"])
        for number, (values, target) in enumerate(zip(data.data, data.target, strict=True)):
            writer.writerow([f"S{number:03}", *values[columns], data.target_names[target]])


if __name__ == "__main__":
    write(Path(sys.argv[1]))
