"""Make a data set of accepted data, on one machine.

    python -m workloads.etl --contract contract.json --input accepted/ --output out/

Writes train/, validation/, test/ and manifest/manifest.json below the output. The environment may name CODE_VERSION (of
the image) and DATASET_VERSION (how the run calls the data); both are recorded. Exit codes: 0 done; 2 the input or the
call is wrong; 1 anything else.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from workloads.etl.embedded import Provenance, run
from workloads.etl.errors import EtlError
from workloads.runtime import leave, log_json, read_contract

WRONG_INPUT = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    log = log_json("etl")
    options = _parser().parse_args(arguments)
    provenance = Provenance(
        code_version=os.environ.get("CODE_VERSION", ""), requested_version=os.environ.get("DATASET_VERSION", "")
    )
    try:
        contract = read_contract(options.contract)
        manifest = run(
            options.input, contract, options.output, provenance=provenance, memory_limit_mb=options.memory_limit_mb
        )
    except (EtlError, ValueError, FileNotFoundError) as error:
        log.error(str(error))  # noqa: TRY400 - the message says it all; a stack trace would hide it
        return WRONG_INPUT
    log.info("data set %s", manifest["dataset_version"], extra={"fields": {"manifest": manifest}})
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workloads.etl", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contract", type=Path, required=True, help="contract.json, or the directory it is in")
    parser.add_argument("--input", type=Path, required=True, help="directory with accepted Parquet files")
    parser.add_argument("--output", type=Path, required=True, help="directory to write to")
    parser.add_argument(
        "--memory-limit-mb", type=int, help="memory of the engine in MiB (default: 80 %% of the machine)"
    )
    return parser


if __name__ == "__main__":
    leave(main())
