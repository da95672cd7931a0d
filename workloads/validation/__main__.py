"""Judge one delivered object in S3 against the contract.

    python -m workloads.validation --contract contract.json --object s3://raw/incoming/churn/day.csv
        --processed s3://processed/ --workload churn

Prints the verdict as one line of JSON. Exit codes: 0 accepted, or a duplicate of what was judged before (`duplicate_of`
says how); 3 refused; 4 held for a person; 2 the call is wrong (contract, location, salt); 1 anything else (AWS failed:
try again). A held file is accepted by the same call with --approve-by and --approve-because.
"""

from __future__ import annotations

import argparse
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from workloads.location import Location
from workloads.runtime import leave, log_json, read_contract
from workloads.validation.delivery import Approval, process
from workloads.validation.verdict import Status

EXIT_CODES = {Status.ACCEPTED: 0, Status.DUPLICATE: 0, Status.REFUSED: 3, Status.HELD: 4}
WRONG_CALL = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    log = log_json("validation")
    parser = _parser()
    options = parser.parse_args(arguments)
    if bool(options.approve_by) != bool(options.approve_because):
        parser.error("--approve-by and --approve-because belong together: give both or none")
    try:
        contract = read_contract(options.contract)
        verdict = process(
            boto3.client("s3"),
            contract,
            source=Location.parse(options.object),
            processed=Location.parse(options.processed),
            workload=options.workload,
            now=options.now or datetime.now(UTC),
            version_id=options.version_id,
            salt=_salt(options.salt_secret),
            approval=Approval(who=options.approve_by, why=options.approve_because) if options.approve_by else None,
        )
    except (ValueError, FileNotFoundError) as error:  # of contract, location, approval or salt
        log.error(str(error))  # noqa: TRY400 - the message says it all; a stack trace would hide it
        return WRONG_CALL
    print(json.dumps(verdict.to_dict(), sort_keys=True))
    log.info("judged %s: %s", options.object, verdict.status, extra={"fields": {"verdict": verdict.to_dict()}})
    return EXIT_CODES[verdict.status]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workloads.validation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contract", type=Path, required=True, help="contract.json, or the directory it is in")
    parser.add_argument("--object", required=True, help="the delivered object, s3://bucket/key")
    parser.add_argument("--version-id", help="the version of the object that the event named (default: the newest)")
    parser.add_argument(
        "--processed", required=True, help="where the outcome goes, s3://bucket/ or s3://bucket/prefix/"
    )
    parser.add_argument("--workload", required=True, help="under whose prefixes the outcome goes")
    parser.add_argument("--now", type=_moment, help="judge as of this moment, ISO 8601 (default: the clock)")
    parser.add_argument(
        "--salt-secret", help="Secrets Manager id of the salt for hashed columns (default: the variable PII_SALT)"
    )
    parser.add_argument("--approve-by", metavar="WHO", help="accept the object though it is held")
    parser.add_argument("--approve-because", metavar="WHY", help="the reason, kept in the ledger")
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _salt(secret_id: str | None) -> bytes | None:
    """From Secrets Manager, or from the environment (where the container service puts a secret); never an argument."""
    if secret_id is None:
        text = os.environ.get("PII_SALT")
        return text.encode() if text else None
    secret: dict[str, Any] = boto3.client("secretsmanager").get_secret_value(SecretId=secret_id)
    return secret["SecretBinary"] if "SecretBinary" in secret else secret["SecretString"].encode()


if __name__ == "__main__":
    leave(main())
