"""Judge one delivered object in S3 against the contract.

    python -m workloads.validation --contract contract.json --object s3://raw/incoming/churn/day.csv
        --processed s3://processed/ --workload churn

Prints the verdict as one line of JSON. Exit codes beside those of every job: 0 accepted, or a duplicate of what was
judged before (`duplicate_of` says how); 3 refused; 4 held for a person. With --no-failure these are 0 too, for callers
that read the verdict where it is noted. A held file is accepted by the same call with --approve-by and
--approve-because.
"""

from __future__ import annotations

import argparse
import json
import os
from datetime import UTC, datetime
from typing import Any

import boto3

from workloads import job
from workloads.inputs import add_contract, moment, read_contract
from workloads.location import Location
from workloads.validation.delivery import Approval, process
from workloads.validation.verdict import Status

EXIT_CODES = {Status.ACCEPTED: 0, Status.DUPLICATE: 0, Status.REFUSED: 3, Status.HELD: 4}


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_contract(parser)
    parser.add_argument("--object", required=True, help="the delivered object, s3://bucket/key")
    parser.add_argument("--version-id", help="the version of the object that the event named (default: the newest)")
    parser.add_argument(
        "--processed", required=True, help="where the outcome goes, s3://bucket/ or s3://bucket/prefix/"
    )
    parser.add_argument("--workload", required=True, help="under whose prefixes the outcome goes")
    parser.add_argument("--now", type=moment, help="judge as of this moment, ISO 8601 (default: the clock)")
    parser.add_argument(
        "--salt-secret", help="Secrets Manager id of the salt for hashed columns (default: the variable PII_SALT)"
    )
    parser.add_argument("--no-failure", action="store_true", help="a refused or held object is no failure of the job")
    parser.add_argument(
        "--memory-limit-mb", type=int, help="memory of the engine in MiB (default: 120, more for many columns)"
    )
    parser.add_argument("--approve-by", metavar="WHO", help="accept the object though it is held")
    parser.add_argument("--approve-because", metavar="WHY", help="the reason, kept in the ledger")


@job.entry("validation", __doc__, _arguments)
def main(options: argparse.Namespace) -> job.Outcome:
    """Judge the object."""
    if bool(options.approve_by) != bool(options.approve_because):
        raise job.UserError("--approve-by and --approve-because belong together: give both or none")
    verdict = process(
        boto3.client("s3"),
        read_contract(options.contract),
        source=Location.parse(options.object),
        processed=Location.parse(options.processed),
        workload=options.workload,
        now=options.now or datetime.now(UTC),
        version_id=options.version_id,
        salt=_salt(options.salt_secret),
        memory_limit_mb=options.memory_limit_mb,
        scratch=job.volume(),
        approval=Approval(who=options.approve_by, why=options.approve_because) if options.approve_by else None,
    )
    print(json.dumps(verdict.to_dict(), sort_keys=True))
    return job.Outcome(
        message=f"judged {options.object}: {verdict.status}",
        fields={"verdict": verdict.to_dict()},
        exit_code=0 if options.no_failure else EXIT_CODES[verdict.status],
    )


def _salt(secret_id: str | None) -> bytes | None:
    """From Secrets Manager, or from the environment (where the container service puts a secret); never an argument."""
    if secret_id is None:
        text = os.environ.get("PII_SALT")
        return text.encode() if text else None
    secret: dict[str, Any] = boto3.client("secretsmanager").get_secret_value(SecretId=secret_id)
    return secret["SecretBinary"] if "SecretBinary" in secret else secret["SecretString"].encode()


if __name__ == "__main__":
    job.leave(main())
