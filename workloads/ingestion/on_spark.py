"""The data set of all accepted objects, made on Spark: what AWS Glue runs for data that outgrows one machine.

    --contract s3://artifacts/contracts/churn/0a1b.../contract.json --processed s3://processed/ --workload churn
        --recipe 0a1b... --object-sha256 0f2e... --code-version 1c2d...

It reads the objects that the version of the data names, neither more nor fewer, so no bookmark of Glue's is kept: what
was done is told by the index and by manifests. Files lie below a name that no other run has, and a run that dies after
half of them leaves what nobody reads: there is a data set where the index says so.
"""

from __future__ import annotations

import argparse
import itertools
import secrets
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3

from contracts.datasets import DataSet
from contracts.schema import Contract
from workloads import job
from workloads.etl import spark as etl
from workloads.etl.manifest import Provenance, TooFewRowsError
from workloads.ingestion import data_sets
from workloads.ingestion.data_sets import Place
from workloads.inputs import CONTRACT_FILE, read_contract
from workloads.location import Location, download

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: What it is given. Glue adds arguments of its own (developer guide, "Using job parameters in Glue jobs").
ARGUMENTS: Final = {
    "--contract": "address of the compiled contract",
    "--processed": "the processed bucket, s3://bucket/",
    "--workload": "whose data it is",
    "--recipe": "what its data sets are made by",
    "--object-sha256": "of the accepted object",
    "--code-version": "of this code",
}
#: What a run writes first, in its own directory.
BEGUN: Final = "begun.json"


def make(
    spark: SparkSession,
    s3: Any,
    contract: Contract,
    keys: Sequence[str],
    version: str,
    place: Place,
    *,
    code_version: str = "",
) -> DataSet:
    """Make and publish a data set of the accepted objects `keys`, which are this version of the data."""
    locations = [str(Location(bucket=place.bucket, key=key)) for key in keys]
    provenance = Provenance(code_version=code_version, requested_version=version)
    try:
        with etl.prepared(spark, locations, contract, provenance) as (rows, manifest):
            target = Location.parse(place.data_sets) / f"{manifest['dataset_version']}/{secrets.token_hex(8)}/"
            # EMRFS notes each directory that it makes in an object beside it (`<name>_$folder$`), those above the first
            # data set's too, where the role may not write. They are there once an object is below them.
            data_sets.put_json(s3, target.bucket, f"{target.key}{BEGUN}", {"requested_version": version})
            etl.write(rows, contract, str(target).rstrip("/"))
    except TooFewRowsError as error:
        return data_sets.none_yet(version, error)
    return data_sets.note_manifest(s3, target, manifest, etl.digests(spark, str(target).rstrip("/")))


def given_by_glue(arguments: Sequence[str]) -> list[str]:
    """Of a Glue job's arguments, names and values in turn, those of ARGUMENTS."""
    pairs = itertools.pairwise(arguments)
    return [text for name, value in pairs if name in ARGUMENTS for text in (name, value)]


def _arguments(parser: argparse.ArgumentParser) -> None:
    for name, text in ARGUMENTS.items():
        parser.add_argument(name, required=True, help=text)


@job.entry("ingestion.on_spark", __doc__, _arguments)
def main(options: argparse.Namespace) -> job.Outcome:
    """Make the data set in the session of the cluster."""
    from pyspark.sql import SparkSession

    s3 = boto3.client("s3")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / CONTRACT_FILE
        download(s3, Location.parse(options.contract), path)
        contract = read_contract(path)
    bucket = Location.parse(options.processed).bucket
    place = Place(bucket=bucket, workload=options.workload, recipe=options.recipe)
    builder: Any = SparkSession.builder
    of_cluster = partial(make, builder.getOrCreate(), s3, contract, place=place, code_version=options.code_version)
    made = data_sets.prepare(s3, options.object_sha256, place, now=datetime.now(UTC), make=of_cluster)
    return job.Outcome(message=f"data set {made.uri or 'not yet'}", fields={"data_set": vars(made)})
