"""The data set of all accepted objects, made by the embedded engine on the machine of a processing job."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from contracts.datasets import DataSet
from contracts.schema import Contract
from workloads.etl import embedded
from workloads.etl.manifest import Provenance, TooFewRowsError
from workloads.features.split import PARTS
from workloads.ingestion import data_sets
from workloads.ingestion.data_sets import Place
from workloads.inputs import file_sha256
from workloads.location import Location, download

#: Objects that are fetched at one time.
_AT_ONCE = 8


def make(
    s3: Any,
    contract: Contract,
    keys: Sequence[str],
    version: str,
    place: Place,
    *,
    scratch: Path,
    code_version: str = "",
) -> DataSet:
    """Make and publish a data set of the accepted objects `keys`, which are this version of the data.

    `scratch` is an empty directory with room for the accepted objects, the data set, and what the engine spills.
    """
    accepted, output = scratch / "accepted", scratch / "data-set"
    accepted.mkdir()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        fetched = [
            pool.submit(download, s3, Location(bucket=place.bucket, key=key), accepted / key.rpartition("/")[2])
            for key in keys
        ]
        for each in fetched:
            each.result()
    provenance = Provenance(code_version=code_version, requested_version=version)
    try:
        manifest = embedded.run(accepted, contract, output, provenance=provenance)
    except TooFewRowsError as error:
        return data_sets.none_yet(version, error)
    return publish(s3, output, manifest, place)


def publish(s3: Any, directory: Path, manifest: Mapping[str, Any], place: Place) -> DataSet:
    """Publish what ETL wrote to `directory`, under the hash of its files, the manifest last."""
    files = {path.relative_to(directory).as_posix(): path for part in PARTS for path in (directory / part).iterdir()}
    digests = {name: file_sha256(path) for name, path in sorted(files.items())}
    digest = hashlib.sha256(json.dumps(digests).encode()).hexdigest()[:16]
    target = Location.parse(place.data_sets) / f"{manifest['dataset_version']}/{digest}/"
    for name, path in files.items():
        s3.upload_file(str(path), target.bucket, f"{target.key}{name}")
    return data_sets.note_manifest(s3, target, manifest, digests)
