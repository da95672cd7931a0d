"""Make a data set of accepted data, on one machine; a data set that ingestion has published is taken as it is.

    python -m workloads.etl --contract contract.json --input accepted/ --output out/

Writes train/, validation/, test/ and manifest/manifest.json below the output. With --feature-group the rows have the
inputs that the group's offline store knew at their event times, and no published data set is taken. The environment
may name CODE_VERSION (of the image) and DATASET_VERSION (how the run calls the data); both are recorded.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from workloads import job
from workloads.etl import published
from workloads.etl.embedded import run
from workloads.etl.manifest import Provenance
from workloads.etl.offline_store import OfflineStore
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
    parser.add_argument("--feature-group", help="join accepted rows with the records of its offline store")


@job.entry("etl", __doc__, _arguments)
def main(options: argparse.Namespace) -> job.Outcome:
    """Make the data set."""
    provenance = Provenance(
        code_version=os.environ.get("CODE_VERSION", ""), requested_version=os.environ.get("DATASET_VERSION", "")
    )
    contract = read_contract(options.contract)
    if published.is_one(options.input):
        if options.feature_group:
            raise job.UserError(
                "--input: found a published data set; allowed with --feature-group: accepted Parquet files; leave "
                "InputDataUri out"
            )
        manifest = published.take(options.input, contract, options.output)
    else:
        manifest = run(
            options.input,
            contract,
            options.output,
            provenance=provenance,
            memory_limit_mb=options.memory_limit_mb,
            store=OfflineStore.of(options.feature_group) if options.feature_group else None,
        )
    return job.Outcome(message=f"data set {manifest['dataset_version']}", fields={"manifest": manifest})


if __name__ == "__main__":
    job.leave(main())
