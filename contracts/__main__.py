"""Data contracts: `python -m contracts check FILE [--data FILE]`, `python -m contracts reference`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from contracts import reference
from contracts.loader import ContractError, load
from contracts.schema import Contract, to_json

app = typer.Typer(name="python -m contracts", help="Data contracts.", add_completion=False, no_args_is_help=True)


@app.command()
def check(
    contract: Annotated[Path, typer.Argument(help="the YAML file")],
    data: Annotated[Path | None, typer.Option(metavar="FILE", help="CSV or Parquet to judge by the contract")] = None,
    json: Annotated[Path | None, typer.Option(metavar="OUT", help="also write the compiled form to this file")] = None,
) -> None:
    """Tell that a contract is valid, or every fault of it; with --data also what a run would make of the file.

    Exit code 1 if the contract has faults, or if no model could be trained on the file.
    """
    try:
        loaded = load(contract)
    except (ContractError, OSError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    print(f"{contract}: valid\n{summary(loaded)}")
    if json:
        json.write_text(to_json(loaded), encoding="utf-8")
        print(f"  compiled to {json}")
    if data:
        _judge(data, loaded)


def _judge(data: Path, contract: Contract) -> None:
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
            f"workload {contract.name}, {contract.task}; label {contract.label}, threshold {contract.threshold:g}",
            f"one row per {contract.entity} and {contract.event_time}; {len(contract.columns)} columns",
            f"{len(contract.features)} features: {', '.join(contract.feature_names)}",
            f"split {contract.split.train}/{contract.split.validation}/{contract.split.test}",
        )
    )


if __name__ == "__main__":
    app()
