"""A proposed contract as YAML, every line with the reason for it."""

from __future__ import annotations

from typing import Any

import yaml

from contracts.schema import Task
from workloads.proposal.proposal import Line, Proposal


def contract(proposal: Proposal, *, source: str) -> str:
    """The YAML file. `source` is what people call the data."""
    time = proposal.event_time or "{from: delivery}"
    no_time = "" if proposal.event_time else "    # the data has no time of its own: one row an entity and delivery"
    lines = [
        f"# Proposed from {_comment(source)} ({proposal.rows} rows); every key: docs/contract.md.",
        "# Read it before you use it. What the file cannot tell:",
        *(f"# - {_comment(question)}" for question in proposal.open_questions),
        f"name: {proposal.name}",
        f"task: {proposal.task}",
        *(["objective: squared         # predicts the mean"] if proposal.task is Task.REGRESSION else []),
        f"entity: {proposal.entity}",
        f"event_time: {time}{no_time}",
        f"label: {proposal.label}",
        *(
            ["threshold: 0.5             # a score at or above it is a decision to act"]
            if proposal.task is Task.BINARY_CLASSIFICATION
            else []
        ),
        *([f"encoding: {proposal.encoding}"] if proposal.encoding else []),
        "",
        "columns:",
        *_lines(proposal.columns),
        *(f"  # left out: {_comment(line.name)}: {line.why}" for line in proposal.left_out),
        "",
        "features:",
        *_lines(proposal.features),
    ]
    for section, (content, why) in proposal.sections.items():
        lines += ["", f"{section}: {_flow(content)}    # {_comment(why)}"]
    return "\n".join([*lines, ""])


def _lines(lines: tuple[Line, ...]) -> list[str]:
    return [
        f"  {line.name}: {_flow(line.body)}" + (f"    # {_comment(line.why)}" if line.why else "") for line in lines
    ]


def _flow(value: Any) -> str:
    """A value in one line, quoted where YAML would take it for something else."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")


def _comment(text: str) -> str:
    """A text that stays in its line."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
