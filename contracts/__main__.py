"""Data contracts: `python -m contracts check FILE [--data FILE]`, `python -m contracts reference`."""

from __future__ import annotations

import sys
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
    json: Annotated[Path | None, typer.Option(metavar="OUT", help="also write the compiled form to this file")] = None,
) -> None:
    """Tell that a contract is valid, or every fault of it. Exit code 1 if it has faults."""
    try:
        loaded = load(contract)
    except (ContractError, OSError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    print(f"{contract}: valid\n{summary(loaded)}")
    if json:
        json.write_text(to_json(loaded), encoding="utf-8")
        print(f"  compiled to {json}")


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
