"""Data contracts: `python -m contracts check FILE [--data FILE] [--against FILE]`, `propose DATA`, `reference`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from contracts import growth, reference
from contracts.loader import ContractError, load
from contracts.schema import Contract, Task, from_json, to_json

app = typer.Typer(name="python -m contracts", help="Data contracts.", add_completion=False, no_args_is_help=True)


@app.command()
def check(
    contract: Annotated[Path, typer.Argument(help="the YAML file")],
    data: Annotated[Path | None, typer.Option(metavar="FILE", help="CSV or Parquet to judge by the contract")] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="the contract that is live, YAML or compiled: whether it may become this one"
        ),
    ] = None,
    compiled: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="also write the compiled form to this file")
    ] = None,
) -> None:
    """Tell that a contract is valid, or every fault of it; with --data also what a run would make of the file.

    Exit code 1 if the contract has faults, if what came in by another one cannot take it, or if no model could be
    trained on the file.
    """
    loaded = _loaded(contract)
    print(f"{contract}: valid\n{summary(loaded)}")
    if against:
        if refusal := growth.refusal(_loaded(against), loaded, called=str(against)):
            print(refusal, file=sys.stderr)
            raise typer.Exit(1)
        print(f"  {against} can become it")
    if compiled:
        compiled.write_text(to_json(loaded), encoding="utf-8")
        print(f"  compiled to {compiled}")
    if data:
        _judge(data, loaded)


def _loaded(path: Path) -> Contract:
    """A contract in YAML or as it travels. Ends with every fault of it."""
    try:
        if path.suffix == ".json":
            return from_json(path.read_text(encoding="utf-8"))
        return load(path)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    except ContractError as error:
        print(error, file=sys.stderr)
    except (TypeError, ValueError) as error:
        print(f"{path}: found no compiled contract ({error}); allowed: what `--json` writes", file=sys.stderr)
    raise typer.Exit(1)


@contextmanager
def _reading() -> Generator[None]:
    """Around the import of what reads data: ends with what to do where the environment is the program's alone."""
    try:
        yield
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed here, which reads data; run `make setup`", file=sys.stderr)
        raise typer.Exit(1) from None


def _judge(data: Path, contract: Contract) -> None:
    with _reading():
        from workloads.rehearsal.rehearse import rehearse
        from workloads.rehearsal.split import SplitError

    try:
        rehearsal = rehearse(data, contract, now=datetime.now(UTC))
    except SplitError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    print(f"{data}:", *rehearsal.lines(), sep="\n  ")
    if rehearsal.faults:
        print(f"{data}: no model can be trained on it", *rehearsal.faults, sep="\n  ", file=sys.stderr)
        raise typer.Exit(1)


@app.command()
def propose(
    data: Annotated[Path, typer.Argument(help="CSV (plain or gzip) or Parquet")],
    output: Annotated[Path | None, typer.Option(help="the file to write (default: contracts/<name>.yaml)")] = None,
    name: Annotated[str | None, typer.Option(help="the workload's (default: that of the file)")] = None,
    label: Annotated[str | None, typer.Option(metavar="COLUMN", help="what is predicted")] = None,
    task: Annotated[
        Task | None, typer.Option(help="what is predicted of the label (default: what its values suggest)")
    ] = None,
    entity: Annotated[str | None, typer.Option(metavar="COLUMN", help="what a row is about")] = None,
    event_time: Annotated[str | None, typer.Option(metavar="COLUMN", help="when it was true, or `delivery`")] = None,
    positive: Annotated[
        str | None, typer.Option(metavar="TEXT", help="of two values the one that is to be found")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print what was found as one JSON object")] = False,
) -> None:
    """Write the contract that a file of data suggests, with the reason of every line; asks for roles on a terminal.

    Nothing is overwritten. Exit code 1 if the file cannot be read or a role is open.
    """
    with _reading():
        from workloads.proposal import command

    given = {"name": name, "label": label, "entity": entity, "event_time": event_time}
    given |= {"task": task, "positive": positive}
    try:
        found = command.run(data, output, given, ask=_ask if sys.stdin.isatty() else None)
    except (command.ProposalError, OSError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    print(json.dumps(found.facts) if as_json else found.text)


def _ask(what: str, among: Sequence[str], default: str | None, check: Callable[[str], object]) -> str:
    """A person's answer, asked for until `check` takes it: a column that cannot be it is told at once."""
    for choice in among:
        print(f"  {choice}", file=sys.stderr)

    def checked(answer: str) -> str:
        try:
            check(answer)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        return answer

    return typer.prompt(what, default=default, err=True, value_proc=checked)


@app.command(name="reference")
def write_reference() -> None:
    """Write docs/contract.md and the JSON Schema of contracts anew."""
    for path in reference.write():
        print(path)


def summary(contract: Contract) -> str:
    """A contract in a few lines."""
    return "\n".join(
        f"  {line}"
        for line in (
            f"workload {contract.name}, {contract.task}; label {contract.label}{_of_task(contract)}",
            f"one row per {contract.entity} and {contract.event_time}; {len(contract.columns)} columns",
            f"{len(contract.features)} features: {', '.join(contract.feature_names)}",
            f"split {contract.split.train}/{contract.split.validation}/{contract.split.test}",
        )
    )


def _of_task(contract: Contract) -> str:
    if contract.objective is not None:
        return f", objective {contract.objective.loss}"
    if contract.task is Task.MULTICLASS_CLASSIFICATION:
        return f" of {len(contract.classes)} classes"
    if contract.cost is not None:
        return f", threshold by cost ({contract.cost.false_positive:g} : {contract.cost.false_negative:g})"
    return f", threshold {contract.threshold:g}"


if __name__ == "__main__":
    app()
