"""`python -m contracts propose`: read, ask for what only a person knows, write the contract where none is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts import loader
from contracts.reference import SCHEMA
from workloads.proposal import naming, written
from workloads.proposal.profile import Profile, profiles
from workloads.proposal.proposal import Line, Proposal, propose
from workloads.proposal.roles import DELIVERY, ChoiceError, Choices, entities, labels, times
from workloads.validation.verdict import RefusedError

CONTRACTS = SCHEMA.parent
#: Asks a person for one of some columns; the last argument is what an empty answer means.
Ask = Callable[[str, list[str], str | None], str]


class ProposalError(ValueError):
    """No contract is written; the message says what was found and what to do."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """The contract that was written, for people and for programs."""

    text: str
    facts: Mapping[str, Any]


def run(data: Path, output: Path | None, given: Mapping[str, str | None], *, ask: Ask | None) -> Written:
    """Write the contract of `data`. `given` has the fields of Choices; what is None is asked for, where `ask` can."""
    if not data.is_file():
        raise ProposalError(f"{data} not found; give a CSV or Parquet file")
    name = given["name"] or naming.workload_name(data.name.partition(".")[0])
    target = output or CONTRACTS / f"{name}.yaml"
    if target.exists():
        raise ProposalError(f"{target} is there already and is not overwritten; give another --name, or move it away")
    try:
        found = profiles(data)
        roles = {role: choice for role, choice in given.items() if role != "name"}
        choices = _answered(Choices(name=name, **roles), found, ask)
        proposal = propose(found, choices, now=datetime.now(UTC))
    except (RefusedError, ChoiceError) as error:
        raise ProposalError(f"{data}: {error}") from error
    schema = os.path.relpath(SCHEMA, target.resolve().parent)
    text = f"# yaml-language-server: $schema={schema}\n{written.contract(proposal, source=data.name)}"
    try:
        loader.loads(text, source=str(target))
    except loader.ContractError as error:
        raise ProposalError(f"{data} gives no contract that is valid:\n{error}") from error
    with target.open("x", encoding="utf-8") as file:
        file.write(text)
    return Written(text="\n".join(_told(proposal, target)), facts=_facts(proposal, target))


def _answered(choices: Choices, found: Sequence[Profile], ask: Ask | None) -> Choices:
    """The choices with what a person answers."""
    if ask is None:
        return choices
    answers = {key: value for key, value in asdict(choices).items() if value is not None}
    for role, meaning, able in (
        ("label", "Label, which is predicted", labels(found)),
        ("entity", "Entity, which a row is about", entities(found)),
    ):
        if role not in answers:
            answers[role] = ask(meaning, able, able[0] if len(able) == 1 else None)
    if "event_time" not in answers and (able := times(found)):
        answers["event_time"] = ask(f"Event time, or {DELIVERY}", able, able[0] if len(able) == 1 else None)
    return Choices(**answers)


def _told(proposal: Proposal, target: Path) -> Iterable[str]:
    facts = _facts(proposal, target)
    yield f"{target}: workload {proposal.name}, {len(proposal.columns)} columns, {len(proposal.features)} features"
    roles = f"one row per {proposal.entity} and {facts['event_time']}; label {proposal.label}"
    yield f"  {roles}, {proposal.positive_share:.1%} positive"
    for line in _personal(proposal):
        yield f"  {line.name}: {line.body['pii']} (pii), {line.why}"
    for line in proposal.left_out:
        yield f"  left out: {line.name}: {line.why}"
    yield "  what the file cannot tell:"
    yield from (f"    {question}" for question in facts["open_questions"])


def _personal(proposal: Proposal) -> list[Line]:
    return [line for line in proposal.columns if "pii" in line.body]


def _facts(proposal: Proposal, target: Path) -> dict[str, Any]:
    return {
        "name": proposal.name,
        "contract": str(target),
        "label": proposal.label,
        "positive_share": proposal.positive_share,
        "entity": proposal.entity,
        "event_time": proposal.event_time or DELIVERY,
        "columns": {line.name: line.body["type"] for line in proposal.columns},
        "features": [line.name for line in proposal.features],
        "pii": {line.name: line.why for line in _personal(proposal)},
        "left_out": {line.name: line.why for line in proposal.left_out},
        "open_questions": list(proposal.open_questions),
    }
