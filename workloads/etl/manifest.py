"""The manifest of a data set: what it was made of and what is in it, in the same words whatever engine made it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.schema import Contract, Task, to_json
from workloads import tasks
from workloads.features.split import PARTS
from workloads.job import UserError

MANIFEST_FILE: Final = "manifest.json"
#: Entities with rows of each class: with one class no model can be trained, of fewer than two an AUC has no variance.
NEEDED: Final = {"train": 1, "validation": 1, "test": 2}


class TooFewRowsError(UserError):
    """Sound input that no data set can be made of yet: a part has too few rows of a class."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What made the data set, for its manifest: version of the code, and how the run called the data it asked for."""

    code_version: str = ""
    requested_version: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What was counted of a part: rows and entities, whether labels that are numbers differ and their quantiles, and by
    class the entities that have rows of it and the rows."""

    rows: int
    entities: int
    labels_differ: bool
    entities_of: Sequence[int]
    rows_of: Sequence[int]
    quantiles: Sequence[float] = ()


def document(
    contract: Contract,
    provenance: Provenance,
    *,
    version: str,
    event_times: tuple[str, str],
    splits: Mapping[str, Any],
    superseded: tuple[int, int],
    schema: Mapping[str, str],
    sources: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The manifest. `event_times` are the first and the last (ISO 8601, UTC); `superseded` are the rows that gave way
    to a later delivery of the same entity and event time, and how many of those pairs then changed."""
    first, last = event_times
    rows, conflicting = superseded
    return {
        "contract": {"name": contract.name, "sha256": hashlib.sha256(to_json(contract).encode()).hexdigest()},
        "dataset_version": version,
        "requested_version": provenance.requested_version,
        "code_version": provenance.code_version,
        "created": last,  # by the data, not by the clock: the same input gives the same manifest
        "event_times": {"first": first, "last": last},
        "splits": dict(splits),
        "superseded": {"rows": rows, "conflicting": conflicting},
        "features": list(contract.feature_names),
        "schema": dict(schema),
        "sources": [dict(source) for source in sources],
    }


def splits(found: Mapping[str, Part], contract: Contract) -> dict[str, dict[str, Any]]:
    """Rows of each part and what the task says of them; TooFewRowsError naming each of which no model can be made.

    Each part has rows of every class, of enough entities; where labels are numbers, different ones.
    """
    total = sum(part.entities for part in found.values())
    faults: list[str] = []
    for name in PARTS:
        if name in found:
            faults += _lacking(name, contract, found[name])
        else:
            share = getattr(contract.split, name)
            faults.append(f"{name} has no rows: its share of {total} entities is {share} %; deliver more entities")
    if faults:
        raise TooFewRowsError("no data set can be made of this input\n  " + "\n  ".join(faults))
    task = tasks.of(contract)
    return {name: _said(found[name], task.told(found[name].rows_of)) for name in PARTS}


def _said(part: Part, told: Mapping[str, Any]) -> dict[str, Any]:
    quantiles = {"label_quantiles": list(part.quantiles)} if part.quantiles else {}
    return {"rows": part.rows, **told, **quantiles}


def _lacking(name: str, contract: Contract, part: Part) -> Iterator[str]:
    """Why no model can be trained on a part or judged by it."""
    needed, counts = NEEDED[name], part.entities_of
    if not counts and (not part.labels_differ or part.entities < needed):
        labels = "2 or more different" if part.labels_differ else "1 different"
        yield (
            f"{name} has {labels} {contract.label} of {part.entities} entities; at least 2, of {needed} entities, are "
            "needed"
        )
    if any(count < needed for count in counts):
        names = contract.classes if contract.task is Task.MULTICLASS_CLASSIFICATION else range(len(counts))
        each = [f"{value} of {count}" for value, count in zip(names, counts, strict=True)]
        if contract.task is Task.BINARY_CLASSIFICATION:
            each = [f"0 of {counts[0]} entities", f"with 1 of {counts[1]}"]
        yield f"{name} has rows with {contract.label} = {' and '.join(each)}; at least {needed} of each are needed"
