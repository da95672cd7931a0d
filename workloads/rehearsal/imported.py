"""What the training job would refuse of a model that others made, told before a run is paid for: by the job's own code.

    python -m workloads.rehearsal.imported --model model.onnx < contract.json
    python -m workloads.rehearsal.imported --model model.tar.gz --image < contract.json

Prints one JSON object: `faults`, and `unjudged`, what could not be looked at here and why. No data is needed: what only
rows show (a number that is not finite for a missing value) the job tells.
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from contracts import schema
from contracts.schema import Contract
from workloads.archive import listed
from workloads.job import UserError
from workloads.training import foreign


def of_onnx(model: Path, contract: Contract) -> dict[str, list[str]]:
    """Of an ONNX file. The environment of `pulumi up` alone has nothing that opens it: then the contract is judged."""
    checks: list[Callable[[], Any]] = [lambda: foreign.lists(contract)]
    unjudged: list[str] = []
    try:
        from workloads.training.imported import opened
    except ModuleNotFoundError as error:
        unjudged.append(
            f"{model.name} is not opened here: {error.name} is not installed; `make setup` brings it, else Train says "
            "whether it takes the features"
        )
    else:
        checks.append(lambda: opened(model, contract))
    return {"faults": _told(checks), "unjudged": unjudged}


def of_archive(archive: Path, contract: Contract) -> dict[str, list[str]]:
    """Of the archive that an image reads."""

    def whole() -> None:
        try:
            foreign.require_not_ours(listed(archive))
        except (tarfile.TarError, UserError) as error:
            raise UserError(f"{archive.name}: {error}") from error

    return {"faults": _told([lambda: foreign.require_askable(contract), whole]), "unjudged": []}


def _told(checks: Sequence[Callable[[], Any]]) -> list[str]:
    faults: list[str] = []
    for check in checks:
        try:
            check()
        except UserError as error:
            faults.append(str(error))
    return faults


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the compiled contract from the standard input and judge a model by it."""
    parser = argparse.ArgumentParser(prog="python -m workloads.rehearsal.imported")
    parser.add_argument("--model", type=Path, required=True, help="an ONNX file, or model.tar.gz of an image")
    parser.add_argument("--image", action="store_true", help="it is the archive of an image")
    options = parser.parse_args(arguments)
    judge = of_archive if options.image else of_onnx
    sys.stdout.write(json.dumps(judge(options.model, schema.from_json(sys.stdin.read()))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
