"""Check a contract: `python -m contracts contracts/churn.yaml [--json OUT]`. Exit code 1 if it has faults."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contracts.loader import ContractError, load
from contracts.schema import to_json


def main(arguments: list[str] | None = None) -> int:
    """Print a summary of a valid contract, or every fault of another; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m contracts", description="Check a data contract.")
    parser.add_argument("contract", type=Path, help="the YAML file")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the compiled form to this file")
    options = parser.parse_args(arguments)
    try:
        contract = load(options.contract)
    except (ContractError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.contract}: valid")
    print(f"  workload {contract.name}, {contract.task}; label {contract.label}, threshold {contract.threshold:g}")
    print(f"  one row per {contract.entity} and {contract.event_time}; {len(contract.columns)} columns")
    print(f"  {len(contract.features)} features: {', '.join(contract.feature_names)}")
    print(f"  split {contract.split.train}/{contract.split.validation}/{contract.split.test}")
    if options.json:
        options.json.write_text(to_json(contract), encoding="utf-8")
        print(f"  compiled to {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
