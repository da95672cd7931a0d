"""A data set that ingestion has published, taken over as it is: checked against its own manifest and the contract."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

from contracts.schema import Contract, to_json
from workloads.etl.manifest import MANIFEST_FILE
from workloads.features.split import PARTS
from workloads.inputs import file_sha256, read_json
from workloads.job import UserError

MANIFEST = f"manifest/{MANIFEST_FILE}"
FILES = "files"  # in the manifest of a published data set: name of each file -> SHA-256 of its bytes


def is_one(directory: Path) -> bool:
    """Whether a directory holds a data set, and not the accepted files that one is made of."""
    return (directory / MANIFEST).is_file()


def take(directory: Path, contract: Contract, output: Path) -> dict[str, Any]:
    """Copy the data set in `directory` to `output`; returns its manifest.

    Raises UserError, with every fault, for one of another contract, or whose files are not those of its manifest.
    """
    manifest = read_json(directory / MANIFEST)
    faults: list[str] = []
    wanted, made = hashlib.sha256(to_json(contract).encode()).hexdigest(), manifest["contract"]["sha256"]
    if made != wanted:
        faults.append(
            f"it was made under contract {made[:16]} and this is {wanted[:16]}; make it again of accepted data"
        )
    found = {
        path.relative_to(directory).as_posix(): path for part in PARTS for path in (directory / part).rglob("*.parquet")
    }
    for name in sorted(found.keys() | manifest[FILES].keys()):
        if name not in found:
            faults.append(f"{name} is missing; the manifest lists it")
        elif name not in manifest[FILES]:
            faults.append(f"{name} is not of it: the manifest lists {', '.join(manifest['files'])}")
        elif file_sha256(found[name]) != manifest[FILES][name]:
            faults.append(f"{name} is damaged: its bytes are not those that the manifest tells")
    if faults:
        version = manifest["dataset_version"]
        raise UserError(f"--input: data set {version} cannot be used\n  " + "\n  ".join(faults))
    for name in (*found, MANIFEST):
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(directory / name, output / name)
    return manifest
