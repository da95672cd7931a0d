"""`python -m contracts propose`: read, ask for what only a person knows, write the contract where none is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts import loader
from contracts.checks import LEGAL_WORKLOAD_NAME, WORKLOAD_NAME
from contracts.reference import SCHEMA
from contracts.schema import Task
from workloads.proposal import label as labels
from workloads.proposal import naming, roles, spelling, written
from workloads.proposal.errors import ChoiceError
from workloads.proposal.profile import Profile, profiles
from workloads.proposal.proposal import Line, Proposal, propose
from workloads.proposal.roles import DELIVERY, Choices
from workloads.validation.verdict import RefusedError

CONTRACTS = SCHEMA.parent
#: Asks a person for one of some texts until the answer is one that the last argument takes (it raises ChoiceError);
#: the one before it is what an empty answer means.
Ask = Callable[[str, Sequence[str], str | None, Callable[[str], object]], str]


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
        found = "is a directory" if data.is_dir() else "not found"
        raise ProposalError(f"{data} {found}; give a CSV or Parquet file")
    name = given["name"] or naming.workload_name(data.name.partition(".")[0])
    if not WORKLOAD_NAME.fullmatch(name):
        raise ProposalError(f"--name: found {name!r}; allowed: {LEGAL_WORKLOAD_NAME}")
    target = output or CONTRACTS / f"{name}.yaml"
    if target.exists():
        raise ProposalError(f"{target} is there already and is not overwritten; give another --name, or move it away")
    try:
        encoding = spelling.encoding(data)
        found = profiles(data, encoding)
        chosen = Choices(name=name, **{role: choice for role, choice in given.items() if role != "name"})
        choices = _answered(chosen, found, ask) if ask else chosen
        proposal = propose(found, choices, now=datetime.now(UTC), encoding=encoding)
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


def _answered(given: Choices, found: Sequence[Profile], ask: Ask) -> Choices:
    """The choices with what a person answers; what is given, or follows from the file, is not asked for."""
    named = naming.column_names(profile.name for profile in found if profile.name)

    def role(name: str, meaning: str, able: list[str], usual: str | None, *taken: Profile) -> Profile:
        def check(answer: str) -> Profile:
            column = roles.chosen(name, answer, found, named, able)
            if any(column is other for other in taken):
                raise ChoiceError(f"--{name}: found {answer!r}, which is the label")
            return column

        return check(getattr(given, name) or ask(meaning, able, usual, check))

    label = role("label", "Label, which is predicted", roles.labels(found), roles.usual_label(found))
    task, positive = _of_label(given, label, ask)
    able = roles.entities(found)
    entity = role("entity", "Entity, which a row is about", able, able[0] if len(able) == 1 else None, label)
    time, able = given.event_time, roles.times(found)
    if time is None and able:
        usual = able[0] if len(able) == 1 else None
        time = ask(f"Event time, or {DELIVERY}", able, usual, lambda answer: roles.time(answer, found, named))
    return replace(given, label=label.name, task=task, positive=positive, entity=entity.name, event_time=time)


def _of_label(given: Choices, label: Profile, ask: Ask) -> tuple[str | None, str | None]:
    """What is predicted of a label that may be several things, and which of two values is the one to be found."""
    task, positive, able = given.task, given.positive, labels.tasks(label)
    if task is None and len(able) > 1:
        task = ask("Task", able, able[0].value, lambda answer: labels.check(answer, positive, label))
    kind = labels.check(task, positive, label)
    if kind is Task.BINARY_CLASSIFICATION and positive is None and labels.usual_positive(label) is None:
        values, rarer = [value for value, _ in label.values], labels.rarer(label)
        positive = ask("Value that is to be found", values, rarer, lambda answer: labels.check(task, answer, label))
    return task, positive


def _told(proposal: Proposal, target: Path) -> Iterable[str]:
    facts = _facts(proposal, target)
    yield f"{target}: workload {proposal.name}, {len(proposal.columns)} columns, {len(proposal.features)} features"
    positive = f", {proposal.positive_share:.1%} positive" if proposal.positive_share is not None else ""
    yield f"  one row per {proposal.entity} and {facts['event_time']}; {proposal.task} of {proposal.label}{positive}"
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
        "task": proposal.task,
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
