"""The validation of the platform on a file. Arguments: CSV, output, contract, MiB."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from workloads.inputs import read_contract
from workloads.validation import validate

if __name__ == "__main__":
    source, output, contract = map(Path, sys.argv[1:4])
    limit, now = int(sys.argv[4]) or None, datetime(2026, 11, 29, tzinfo=UTC)
    verdict = validate(source, read_contract(contract), output=output, now=now, delivered=now, memory_limit_mb=limit)
    (output / "verdict").write_text(str(verdict.to_dict()))
    sys.exit(0 if verdict.status == "accepted" else 1)
