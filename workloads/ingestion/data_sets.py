"""A data set of all accepted objects, which is there whole or not at all.

    datasets/<workload>/<data set version>/<digest of the files>/{train,validation,test}/part-00000.parquet
                                                               /manifest/manifest.json    comes last
                      /index/<recipe>/<data version>.json       after that (`contracts.datasets`)
    ledger/<workload>/prepared/<recipe>/<sha256>.json           after that: the object is in a data set

Files lie under the hash of their bytes, so whoever publishes the same data set at the same time writes the same
objects, and one who dies half way leaves what nobody reads: there is a data set where the index says so.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from contracts import datasets
from contracts.datasets import DataSet
from contracts.layout import Layout
from contracts.schema import Contract
from workloads.etl import embedded
from workloads.etl.published import FILES, MANIFEST
from workloads.features.split import PARTS
from workloads.inputs import file_sha256
from workloads.location import Location, download

#: Objects that are fetched at one time.
_AT_ONCE = 8
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whose data it is, in which bucket, and what its data sets are made by (`contracts.datasets.recipe`)."""

    bucket: str
    workload: str
    recipe: str

    @property
    def layout(self) -> Layout:
        """Prefixes of the workload."""
        return Layout(self.workload)

    @property
    def accepted(self) -> str:
        """Where accepted objects are."""
        return f"s3://{self.bucket}/{self.layout.accepted}"

    @property
    def data_sets(self) -> str:
        """Where data sets and their index are."""
        return f"s3://{self.bucket}/{self.layout.data_sets}"

    def prepared(self, sha256: str) -> str:
        """Key of the note that an accepted object is in a data set."""
        return f"{self.layout.prepared}{self.recipe}/{sha256}.json"

    def ingested(self, sha256: str) -> str:
        """Key of the note that its rows are in the feature store."""
        return f"{self.layout.ingested}{self.recipe}/{sha256}.json"


def prepare(
    s3: Any, contract: Contract, sha256: str, place: Place, *, scratch: Path, now: datetime, code_version: str = ""
) -> DataSet:
    """Make the data set of what is accepted now, unless it is there, and note that the object is in it.

    Data of which none can be made yet is no failure: its rows are accepted, and wait for more. `scratch` is an empty
    directory with room for the accepted objects, the data set, and what the engine spills.
    """
    keys = datasets.accepted_keys(s3, place.accepted)
    version = datasets.version_of(keys)
    if version is None:  # judged again by other rules since, and not accepted by these
        return DataSet(uri=None, why="there is no accepted data")
    made = datasets.find(s3, place.data_sets, version, place.recipe, now)
    if made is None:
        made = _make(s3, contract, keys, version, place, scratch, code_version)
        datasets.note(s3, place.data_sets, version, place.recipe, made)
    put_json(s3, place.bucket, place.prepared(sha256), {"data_version": version, **asdict(made)})
    return made


def _make(
    s3: Any, contract: Contract, keys: list[str], version: str, place: Place, scratch: Path, code_version: str
) -> DataSet:
    accepted, output = scratch / "accepted", scratch / "data-set"
    accepted.mkdir()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        fetched = [
            pool.submit(download, s3, Location(bucket=place.bucket, key=key), accepted / key.rpartition("/")[2])
            for key in keys
        ]
        for each in fetched:
            each.result()
    provenance = embedded.Provenance(code_version=code_version, requested_version=version)
    try:
        manifest = embedded.run(accepted, contract, output, provenance=provenance)
    except embedded.TooFewRowsError as error:
        _log.warning("no data set of %s yet: %s", version, error)
        return DataSet(uri=None, why=str(error))
    return DataSet(uri=publish(s3, output, manifest, place))


def publish(s3: Any, directory: Path, manifest: Mapping[str, Any], place: Place) -> str:
    """Publish what ETL wrote to `directory`, the manifest last; returns the URI of the data set, ending in a slash."""
    files = {path.relative_to(directory).as_posix(): path for part in PARTS for path in (directory / part).iterdir()}
    digests = {name: file_sha256(path) for name, path in sorted(files.items())}
    digest = hashlib.sha256(json.dumps(digests).encode()).hexdigest()[:16]
    target = Location.parse(place.data_sets) / f"{manifest['dataset_version']}/{digest}/"
    for name, path in files.items():
        s3.upload_file(str(path), target.bucket, f"{target.key}{name}")
    put_json(s3, target.bucket, f"{target.key}{MANIFEST}", {**manifest, FILES: digests})
    return str(target)


def put_json(s3: Any, bucket: str, key: str, value: Mapping[str, Any]) -> None:
    """Write a document."""
    body = json.dumps(value, indent=1).encode() + b"\n"
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
