"""What the accepted data of a workload is, as a whole, and the data sets that are made of it.

Ingestion publishes a data set of the accepted objects by a recipe (the contract, and the code that applies it) and
notes it in an index; a training run takes the data set from there, or makes it itself where there is none. Standard
library only: zipped into a Lambda.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from contracts import objects
from contracts.layout import DATA_SET_DAYS

#: An entry of the index may be as old as this: what it points at expires a day later.
_TRUSTED: Final = timedelta(days=DATA_SET_DAYS - 1)
#: What a package says of the code that publishes data sets, where that is not its training image's.
CODE: Final = "data_set_code"
#: What a verdict and a manifest tell of labels that are numbers: steps of 0.5 %, of so many rows at most.
QUANTILES: Final = 201
DRAWN_ROWS: Final = 65_536


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """What came of making a data set: where it is (ends in a slash), or None and why none can be made yet."""

    uri: str | None
    why: str = ""


def accepted_keys(s3: Any, uri: str) -> list[str]:
    """Keys of the accepted objects under `s3://bucket/prefix/`, in order."""
    bucket, prefix = _split(uri)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return sorted(item["Key"] for page in pages for item in page.get("Contents", []))


def version_of(keys: Iterable[str]) -> str | None:
    """`data-<12 hex digits>` over the keys of accepted objects, or None if there are none.

    An accepted object is named by the hash of what was delivered, so the names alone say what the data is.
    """
    found = sorted(keys)
    return f"data-{hashlib.sha256(json.dumps(found).encode()).hexdigest()[:12]}" if found else None


def dataset_version(s3: Any, uri: str) -> str | None:
    """The version of the accepted objects under `s3://bucket/prefix/`, or None if there are none."""
    return version_of(accepted_keys(s3, uri))


def recipe(contract_sha: str, code: str, feature_group: str = "") -> str:
    """16 hex digits of what a data set is made by: the contract at that address, the code in that image or archive, and
    the feature group whose offline store its rows are joined with. None of those is published: the store goes on."""
    return hashlib.sha256(" ".join([contract_sha, code, *filter(None, [feature_group])]).encode()).hexdigest()[:16]


def find(s3: Any, data_sets: str, version: str, recipe: str, now: datetime) -> DataSet | None:
    """What the index says of a version of the accepted data; None where nobody has tried, or it may have expired.

    `data_sets` is `s3://bucket/prefix/`.
    """
    bucket, prefix = _split(data_sets)
    found = objects.read(s3, bucket, _entry(prefix, version, recipe))
    if found is None or now - found["LastModified"] > _TRUSTED:
        return None
    return DataSet(**json.loads(found["Body"].read()))


def note(s3: Any, data_sets: str, version: str, recipe: str, made: DataSet) -> None:
    """Write it into the index; the data set is there before this is."""
    bucket, prefix = _split(data_sets)
    body = json.dumps(asdict(made)).encode()
    s3.put_object(Bucket=bucket, Key=_entry(prefix, version, recipe), Body=body, ContentType="application/json")


def _entry(prefix: str, version: str, recipe: str) -> str:
    return f"{prefix}index/{recipe}/{version}.json"


def _split(uri: str) -> tuple[str, str]:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return bucket, prefix
