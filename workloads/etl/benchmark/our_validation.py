"""The validation of the platform on a file. Arguments: CSV, output, contract."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from workloads.inputs import read_contract
from workloads.validation import validate

if __name__ == "__main__":
    source, output, contract = map(Path, sys.argv[1:4])
    now = datetime(2026, 11, 29, tzinfo=UTC)
    verdict = validate(source, read_contract(contract), output=output, now=now, delivered=now)
    (output / "verdict").write_text(str(verdict.to_dict()))
    sys.exit(0 if verdict.status == "accepted" else 1)
