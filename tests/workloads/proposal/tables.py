"""Files of which each column shows one thing, and the contract that is proposed for them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workloads.proposal import command, written
from workloads.proposal.profile import profiles
from workloads.proposal.proposal import Proposal, propose
from workloads.proposal.roles import Choices

ROWS = 200
NOW = datetime(2026, 11, 29, tzinfo=UTC)
#: Roles of every file here.
BASE: dict[str, Sequence[object]] = {
    "key": [f"K{row}" for row in range(ROWS)],
    "left": [int(row % 4 == 0) for row in range(ROWS)],
    "visits": [row % 17 for row in range(ROWS)],
}


def write(path: Path, columns: Mapping[str, Sequence[object]], *, delimiter: str = ",") -> Path:
    """A CSV with these columns."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def proposed(path: Path, **choices: Any) -> Proposal:
    """The proposal for a file with the columns of BASE."""
    return propose(profiles(path), Choices(**{"name": "visits", "label": "left", "entity": "key", **choices}), now=NOW)


def line_of(directory: Path, name: str, cells: Sequence[object]) -> tuple[str, dict[str, Any], str, list[str]]:
    """Name, keys and reason of a column with these cells, and the features that follow from it."""
    found = proposed(write(directory / "data.csv", {**BASE, name: cells}))
    line = next(line for line in found.columns if line.name not in BASE)
    return line.name, line.body, line.why, [f"{f.name}: {f.body}" for f in found.features if f.name != "visits"]


def text_of(path: Path, **choices: Any) -> str:
    """The YAML of the proposal."""
    return written.contract(proposed(path, **choices), source=path.name)


def run(data: Path, output: Path | None, **given: str | None) -> command.Written:
    """`python -m contracts propose` without a terminal."""
    options = dict.fromkeys(("name", "label", "entity", "event_time", "task", "positive")) | given
    return command.run(data, output, options, ask=None)
