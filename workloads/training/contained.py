"""A model in an image of others, in place of one that is trained here: what the image reads, and whose it is.

Nothing of it is run here: this job has no network, and no container engine. The evaluation asks it
(`workloads.evaluation.asking`), in the same run and before anything is registered.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
from pathlib import Path
from typing import Any

from contracts import schema
from contracts.schema import Contract
from workloads import job
from workloads.archive import unpack
from workloads.inference import predictor
from workloads.inputs import read_json
from workloads.training.container import ARCHIVE, Job

#: What the platform puts beside the files of the image.
OURS = ("contract.json", "metadata.json")


def package(work: Job, source: Path) -> job.Outcome:
    """Write the files of the archive, contract.json and metadata.json. UserError for an archive that is none, and for a
    contract that promises what nobody can see from outside of an image."""
    _require_askable(work.contract)
    archive = source.with_name(ARCHIVE)
    image, digest = str(read_json(source)["image"]), hashlib.sha256(archive.read_bytes()).hexdigest()
    facts: dict[str, Any] = {
        "features": list(work.contract.feature_names),
        "dataset_version": work.manifest["dataset_version"],
        "code_version": os.environ.get("CODE_VERSION", ""),
        "origin": f"imported: sha256 {digest}",
        "predictor": {"kind": predictor.IMAGE, "image": image, "reason": "made by others, with its image"},
    }
    try:
        _unpack(archive, work.model)
    except (tarfile.TarError, job.UserError) as error:
        shutil.rmtree(work.model, ignore_errors=True)
        raise job.UserError(f"{ARCHIVE}: {error}") from error
    (work.model / "contract.json").write_text(schema.to_json(work.contract))
    (work.model / "metadata.json").write_text(json.dumps(facts, sort_keys=True, indent=1, allow_nan=False))
    return job.Outcome(message=f"packaged {image}", fields=facts)


def _unpack(archive: Path, directory: Path) -> None:
    unpack(archive, directory)
    if taken := [name for name in OURS if (directory / name).exists()]:
        raise job.UserError(f"found {', '.join(taken)}, which the platform writes; leave them out of the archive")


def _require_askable(contract: Contract) -> None:
    """An image is asked with columns, and decides by itself."""
    faults: list[str] = []
    if contract.cost is not None:
        faults.append("cost: found; it chooses the threshold in training, and the image decides by its own; give one")
    columns = {feature.name for feature in contract.features if feature.expression.strip() == feature.name}
    promised = () if contract.monotone is None else (*contract.monotone.increasing, *contract.monotone.decreasing)
    faults += [
        f"monotone.{name}: found of a feature that is no bare column, and an image is asked with columns; leave it out"
        for name in sorted(set(promised) - columns)
    ]
    if faults:
        raise job.UserError("the contract, for a model in an image of others: " + "; ".join(faults))
