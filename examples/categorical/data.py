"""Writes the data of the example: `python examples/categorical/data.py titanic.csv`.

scikit-learn ships it with its tests (OpenML 40945): the passengers of the Titanic. Of a cabin its deck is kept, and of
a name its title beside it.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from random import Random

_SOURCE = "datasets/tests/data/openml/id_40945/data-v1-dl-16826755.arff.gz"
_HEADER = (
    *("passenger", "class", "survived", "name", "title", "sex", "age"),
    *("siblings", "parents", "fare", "deck", "embarked"),
)


def passengers() -> Iterator[list[str]]:
    """The rows in the order of `_HEADER`; ? stands for what nobody knows."""
    content = gzip.decompress(files("sklearn").joinpath(_SOURCE).read_bytes()).decode("utf-8")
    lines = content.partition("@data\n")[2].splitlines()
    for number, row in enumerate(csv.reader(lines, escapechar="\\")):
        group, survived, name, sex, age, siblings, parents, _, fare, cabin, embarked, *_ = row
        title = name.partition(", ")[2].partition(".")[0]
        deck = cabin if cabin == "?" else cabin[0]
        yield [f"P{number:04}", group, survived, name, title, sex, age, siblings, parents, fare, deck, embarked]


def write(path: Path) -> None:
    """Every passenger under a number, in no order."""
    rows = list(passengers())
    Random(7).shuffle(rows)  # noqa: S311 - they are sorted by class, and the last third is delivered later
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        writer.writerows(rows)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
