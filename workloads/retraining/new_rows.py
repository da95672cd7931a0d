"""How many accepted rows no model has learned from: counted when somebody asks, and kept nowhere.

Of two files that are accepted at once each asks, and the one that asks last finds both: no counter can be lost or run
twice. What a training run learned from is what its own data set says (manifest.json of its step Prepare), and how many
rows an object has is what its verdict says. Standard library only: zipped into a Lambda.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from contracts import objects
from workloads.retraining.decision import Run


def new_rows(s3: Any, accepted: Sequence[str], runs: Sequence[Run], *, ledger: str, runs_uri: str) -> int:
    """Rows of the `accepted` objects (their keys) that the newest successful run did not have; of all before the first.

    `ledger` and `runs_uri` are `s3://bucket/prefix/`. An object that is being judged again has no verdict for a moment
    and counts then.
    """
    known = _learned(s3, runs, runs_uri)
    names = (key.rpartition("/")[2] for key in accepted)
    verdicts = [_json(s3, f"{ledger}{name.removesuffix('.parquet')}.json") for name in names if name not in known]
    return sum(verdict["accepted"] for verdict in verdicts if verdict)


def _learned(s3: Any, runs: Sequence[Run], runs_uri: str) -> set[str]:
    """Names of the objects that the newest successful run learned from.

    A step that was taken from the cache left its data set with another run on the same data. Where none is to be found
    (deleted since) nothing is known, and every row counts.
    """
    learned = [run for run in runs if run.status == "Succeeded"]
    if not learned:
        return set()
    version = max(learned, key=lambda run: run.started).dataset_version
    for run in sorted(runs, key=lambda run: run.started, reverse=True):
        if run.dataset_version == version:
            manifest = _json(s3, f"{runs_uri}{run.identifier}/Prepare/manifest/manifest.json")
            if manifest:
                return {source["name"] for source in manifest["sources"]}
    return set()


def _json(s3: Any, uri: str) -> Any:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    found = objects.read(s3, bucket, key)
    return json.loads(found["Body"].read()) if found else None
