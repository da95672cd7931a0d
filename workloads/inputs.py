"""What jobs are given: the compiled contract, JSON of another job, a moment; and what tells a file from another."""

from __future__ import annotations

import argparse
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts.schema import Contract, from_json
from workloads.job import UserError

CONTRACT_FILE = "contract.json"


def add_contract(parser: argparse.ArgumentParser) -> None:
    """The argument --contract, for `read_contract`."""
    parser.add_argument("--contract", type=Path, required=True, help="contract.json, or the directory it is in")


def read_contract(path: Path) -> Contract:
    """The compiled contract at `path`, or in the directory `path` under the name contract.json."""
    file = path / CONTRACT_FILE if path.is_dir() else path
    if not file.is_file():
        raise UserError(f"contract: no file at {file}; give the compiled contract (contract.json)")
    try:
        return from_json(file.read_bytes())
    except (TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"contract: {file} is not a compiled contract ({error}); compile the YAML with contracts.loader and "
            "contracts.schema.to_json"
        ) from error


def read_json(path: Path) -> dict[str, Any]:
    """A JSON document that an earlier job has written."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: found no JSON document ({error}); give the file that the job before it wrote"
        ) from error


def moment(text: str) -> datetime:
    """A point in time as ISO 8601, in UTC where it names no zone: the type of an argument."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def file_sha256(path: Path) -> str:
    """SHA-256 of the bytes of a file, in hexadecimal: what it is, whatever it is called."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
