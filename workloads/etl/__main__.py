"""Make a data set of accepted data, on one machine; a data set that ingestion has published is taken as it is.

    python -m workloads.etl --contract contract.json --input accepted/ --output out/

Writes train/, validation/, test/ and manifest/manifest.json below the output. The environment may name CODE_VERSION (of
the image) and DATASET_VERSION (how the run calls the data); both are recorded.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from workloads import job
from workloads.etl import published
from workloads.etl.embedded import run
from workloads.etl.manifest import Provenance
from workloads.inputs import add_contract, read_contract


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_contract(parser)
    parser.add_argument(
        "--input", type=Path, required=True, help="directory with accepted Parquet files, or a data set"
    )
    parser.add_argument("--output", type=Path, required=True, help="directory to write to")
    parser.add_argument(
        "--memory-limit-mb", type=int, help="memory of the engine in MiB (default: 80 %% of the machine)"
    )


@job.entry("etl", __doc__, _arguments)
def main(options: argparse.Namespace) -> job.Outcome:
    """Make the data set."""
    provenance = Provenance(
        code_version=os.environ.get("CODE_VERSION", ""), requested_version=os.environ.get("DATASET_VERSION", "")
    )
    contract = read_contract(options.contract)
    if published.is_one(options.input):
        manifest = published.take(options.input, contract, options.output)
    else:
        manifest = run(
            options.input, contract, options.output, provenance=provenance, memory_limit_mb=options.memory_limit_mb
        )
    return job.Outcome(message=f"data set {manifest['dataset_version']}", fields={"manifest": manifest})


if __name__ == "__main__":
    job.leave(main())
