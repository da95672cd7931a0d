"""A data set of all accepted objects, which is there whole or not at all.

    datasets/<workload>/<data set version>/<one publication>/{train,validation,test}/...parquet
                                                           /manifest/manifest.json    comes last
                                                           /begun.json                comes first, on Spark
                      /index/<recipe>/<data version>.json       after that (`contracts.datasets`)
    ledger/<workload>/prepared/<recipe>/<sha256>.json           after that: the object is in a data set

No two publications write different bytes to one place: one machine's is called by the hash of its files, so that who
makes the same at the same time writes the same objects, and one of Spark by chance. Whoever dies half way leaves what
nobody reads: there is a data set where the index says so.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from contracts import datasets
from contracts.datasets import DataSet
from contracts.layout import Layout
from workloads.etl.manifest import TooFewRowsError
from workloads.etl.published import FILES, MANIFEST
from workloads.location import Location

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
    s3: Any, sha256: str, place: Place, *, now: datetime, make: Callable[[Sequence[str], str], DataSet]
) -> DataSet:
    """Have the data set made of what is accepted now, unless it is there, and note that the object is in it.

    `make` is given the keys of all accepted objects and the version of the data that they are.
    """
    keys = datasets.accepted_keys(s3, place.accepted)
    version = datasets.version_of(keys)
    if version is None:  # judged again by other rules since, and not accepted by these
        return DataSet(uri=None, why="there is no accepted data")
    made = datasets.find(s3, place.data_sets, version, place.recipe, now)
    if made is None:
        made = make(keys, version)
        datasets.note(s3, place.data_sets, version, place.recipe, made)
    put_json(s3, place.bucket, place.prepared(sha256), {"data_version": version, **asdict(made)})
    return made


def none_yet(version: str, why: TooFewRowsError) -> DataSet:
    """Data of which no data set can be made yet is no failure: its rows are accepted, and wait for more."""
    _log.warning("no data set of %s yet: %s", version, why)
    return DataSet(uri=None, why=str(why))


def note_manifest(s3: Any, target: Location, manifest: Mapping[str, Any], files: Mapping[str, str]) -> DataSet:
    """Write the manifest, after which the data set is whole; `files` are their names below `target` -> SHA-256."""
    put_json(s3, target.bucket, f"{target.key}{MANIFEST}", {**manifest, FILES: dict(sorted(files.items()))})
    return DataSet(uri=str(target))


def put_json(s3: Any, bucket: str, key: str, value: Mapping[str, Any]) -> None:
    """Write a document."""
    body = json.dumps(value, indent=1).encode() + b"\n"
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
