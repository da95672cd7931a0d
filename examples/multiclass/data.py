"""Writes the data of the example: `python examples/multiclass/data.py penguins.csv`.

scikit-learn ships it with its tests (OpenML 42585): penguins of three species on three islands of Antarctica.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from random import Random

_SOURCE = "datasets/tests/data/openml/id_42585/data-v1-dl-21854866.arff.gz"
_HEADER = ("penguin", "species", "island", "bill_length", "bill_depth", "flipper_length", "body_mass", "sex")


def penguins() -> Iterator[list[str]]:
    """The rows in the order of `_HEADER`; ? and _ stand for what nobody knows."""
    content = gzip.decompress(files("sklearn").joinpath(_SOURCE).read_bytes()).decode("utf-8")
    lines = content.partition("@DATA\n")[2].splitlines()
    for number, row in enumerate(csv.reader(filter(None, lines))):
        yield [f"P{number:03}", *row]


def write(path: Path) -> None:
    """Every penguin under a number, in no order."""
    rows = list(penguins())
    Random(7).shuffle(rows)  # noqa: S311 - they are sorted by species, and the last third is delivered later
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        writer.writerows(rows)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
