"""The command that begins a workload."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from automation.commands import target
from automation.commands.options import Json, Stack
from automation.commands.output import Output
from automation.operations import workload
from automation.operations.errors import RefusedError
from contracts.schema import Task


def new_workload(
    data: Annotated[Path, typer.Argument(help="CSV (plain or gzip) or Parquet.")],
    stack: Stack,
    name: Annotated[str | None, typer.Option(help="Of the workload. Without it that of the file.")] = None,
    label: Annotated[str | None, typer.Option(metavar="COLUMN", help="What is predicted.")] = None,
    task: Annotated[Task | None, typer.Option(help="Without it what the label's values suggest.")] = None,
    entity: Annotated[str | None, typer.Option(metavar="COLUMN", help="What a row is about.")] = None,
    event_time: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="When the row was true, or `delivery`.")
    ] = None,
    positive: Annotated[str | None, typer.Option(metavar="TEXT", help="Of two values the one to be found.")] = None,
    as_json: Json = False,
) -> None:
    """Propose a contract from a file, add it to a stack.

    Types, ranges, categories, marks of missing values and columns that may identify persons follow from the file;
    label, task, entity and event time are asked for on a terminal. The contract says why each line is as it is, and
    what the file cannot tell. It is judged by the data before the stack's file names it, and is gone again where no
    model could be trained on them; nothing is overwritten.
    """
    on, out = target.read(stack), Output(as_json=as_json)
    stack_file = target.PROJECT / f"Pulumi.{stack}.yaml"
    options = {"name": name, "label": label, "entity": entity, "event-time": event_time}
    facts = workload.propose(data, options | {"task": task, "positive": positive})
    contract = Path(facts["contract"])
    what = f"{facts['task']} of {facts['label']}"
    out.say(f"{contract}: one row per {facts['entity']} and {facts['event_time']}, {what}")
    for column, why in facts["pii"].items():
        out.say(f"  {column}: {why}")
    for column, why in facts["left_out"].items():
        out.say(f"  left out: {column}: {why}")
    out.say("what the file cannot tell:")
    for question in facts["open_questions"]:
        out.say(f"  {question}")
    named = os.path.relpath(contract, target.PROJECT)
    try:
        workload.require_new(stack_file, facts["name"])
        out.say(workload.judge(contract, data))
    except BaseException:
        contract.unlink()
        raise
    try:
        workload.add(stack_file, facts["name"], named, default=on.config.get("ml-platform:workloads") or {})
    except RefusedError as error:
        raise RefusedError(f"{contract} is written, but {error}") from error
    done = f"workload {facts['name']} is in {stack_file.name}; read {named} before `python -m automation up`"
    out.done(done, {**facts, "stack_file": str(stack_file)})
