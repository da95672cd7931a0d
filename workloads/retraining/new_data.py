"""What of the accepted data no model has learned from: how many rows, and whether their labels are as they were.

It is looked up when somebody asks, and kept nowhere: of two files that are accepted at once each asks, and the one that
asks last finds both. What a training run learned from is what its own data set says (manifest.json of its step
Prepare), how many rows and which labels an object has is what its verdict says. Standard library only: zipped into a
Lambda.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from contracts import objects
from workloads.retraining.decision import Run
from workloads.retraining.labels import Shift, shift

#: Verdicts that are read at one time: as many connections as a client keeps (botocore, max_pool_connections).
_AT_ONCE: Final = 10


@dataclass(frozen=True, kw_only=True)
class NewData:
    """Accepted rows that the newest successful run did not have (all before the first), and how their labels moved.

    `shift` is None where there is nothing to compare: no run yet, no new rows, or rows of which nothing is told.
    """

    rows: int
    shift: Shift | None


def new_data(s3: Any, accepted: Sequence[str], runs: Sequence[Run], *, ledger: str, runs_uri: str) -> NewData:
    """What is new of the `accepted` objects (their keys).

    `ledger` and `runs_uri` are `s3://bucket/prefix/`. An object that is being judged again has no verdict for a moment:
    it counts when that is there.
    """
    learned = _learned(s3, runs, runs_uri)
    known = {source["name"] for source in learned["sources"]} if learned else set[str]()
    names = (key.rpartition("/")[2] for key in accepted)
    new = [f"{ledger}{name.removesuffix('.parquet')}.json" for name in names if name not in known]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        verdicts = [verdict for verdict in pool.map(partial(_json, s3), new) if verdict]
    return NewData(
        rows=sum(verdict["accepted"] for verdict in verdicts),
        shift=shift(learned["splits"].values(), verdicts) if learned else None,
    )


def _learned(s3: Any, runs: Sequence[Run], runs_uri: str) -> Mapping[str, Any] | None:
    """The manifest of what the newest successful run learned from.

    A step that was taken from the cache left its data set with another run on the same data. Where none is to be found
    (deleted since) nothing is known, and every row counts.
    """
    learned = [run for run in runs if run.status == "Succeeded"]
    if not learned:
        return None
    version = max(learned, key=lambda run: run.started).dataset_version
    for run in sorted(runs, key=lambda run: run.started, reverse=True):
        if run.dataset_version == version:
            manifest = _json(s3, f"{runs_uri}{run.identifier}/Prepare/manifest/manifest.json")
            if manifest:
                return manifest
    return None


def _json(s3: Any, uri: str) -> Any:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    found = objects.read(s3, bucket, key)
    return json.loads(found["Body"].read()) if found else None
