"""A step of ingestion, after validation has accepted an object.

    python -m workloads.ingestion data-set --contract contract/ --processed s3://processed/ --workload churn
        --recipe 0a1b... --object-sha256 0f2e...
    python -m workloads.ingestion features ... --feature-group churn-prod-features-0123abcd

`data-set` publishes a data set of all that is accepted (CODE_VERSION of the image is recorded in it), `features` writes
the object's rows to the feature group. What was done before is not done again.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import boto3

from workloads import job
from workloads.ingestion import data_sets, features, one_machine
from workloads.ingestion.data_sets import Place
from workloads.inputs import add_contract, read_contract
from workloads.location import Location


def _arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("data-set", "features"):
        command = commands.add_parser(name)
        add_contract(command)
        command.add_argument("--processed", required=True, help="the processed bucket, s3://bucket/")
        command.add_argument("--workload", required=True, help="whose data it is")
        command.add_argument("--recipe", required=True, help="what its data sets are made by")
        command.add_argument("--object-sha256", required=True, help="of the accepted object")
        if name == "features":
            command.add_argument("--feature-group", required=True, help="name of the feature group")


@job.entry("ingestion", __doc__, _arguments)
def main(options: argparse.Namespace) -> job.Outcome:
    """Do the step."""
    s3, contract, sha256 = boto3.client("s3"), read_contract(options.contract), options.object_sha256
    bucket = Location.parse(options.processed).bucket
    place = Place(bucket=bucket, workload=options.workload, recipe=options.recipe)
    with tempfile.TemporaryDirectory(dir=job.volume()) as scratch:
        if options.command == "features":
            runtime, group = boto3.client("sagemaker-featurestore-runtime"), options.feature_group
            written = features.take(s3, runtime, contract, sha256, place, group=group, scratch=Path(scratch))
            return job.Outcome(message=f"{written} records in {group}", fields={"records": written})
        version = os.environ.get("CODE_VERSION", "")
        make = partial(one_machine.make, s3, contract, place=place, scratch=Path(scratch), code_version=version)
        made = data_sets.prepare(s3, sha256, place, now=datetime.now(UTC), make=make)
    return job.Outcome(message=f"data set {made.uri or 'not yet'}", fields={"data_set": asdict(made)})


if __name__ == "__main__":
    job.leave(main())
