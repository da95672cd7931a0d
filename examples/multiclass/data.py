"""Writes the data of the example: `python examples/multiclass/data.py digits.csv`.

scikit-learn ships it (`sklearn.datasets.load_digits`): handwritten digits of 8 x 8 grey dots, of which each square of
2 x 2 becomes one column.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

from sklearn.datasets import load_digits

SQUARES = [f"square_{row}{column}" for row in range(4) for column in range(4)]


def write(path: Path) -> None:
    """Every image under a number, with the mean of its squares and the digit that it shows."""
    data: Any = load_digits()
    squares = data.images.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["image", *SQUARES, "digit"])
        for number, (values, target) in enumerate(zip(squares, data.target, strict=True)):
            writer.writerow([f"I{number:04}", *values, target])


if __name__ == "__main__":
    write(Path(sys.argv[1]))
