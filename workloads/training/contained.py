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
from workloads import job
from workloads.archive import unpack
from workloads.inference import predictor
from workloads.inputs import read_json
from workloads.training import foreign
from workloads.training.container import ARCHIVE, Job


def package(work: Job, source: Path) -> job.Outcome:
    """Write the files of the archive, contract.json and metadata.json. UserError for an archive that is none, and for a
    contract that promises what nobody can see from outside of an image."""
    foreign.require_askable(work.contract)
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
    foreign.require_not_ours(path.relative_to(directory) for path in directory.iterdir())
