"""Pull what has changed in a source elsewhere, and deliver it.

    python -m workloads.pulling --url https://crm.example.com/v1/customers --rows data --next paging.next \\
        --changed updated_at --since updated_since --first 2026-01-01T00:00:00Z --until 2026-11-29T03:00:00Z \\
        --settle-minutes 5 --output s3://raw/incoming/churn/crm/ \\
        --header Authorization --secret mlplatform/prod/churn/sources/crm

Rows come to one object below --output, from where ingestion judges them as it does everything that is delivered. A pull
goes on where the one before ended; one that is repeated changes nothing. The secret's text is the value of the header.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import boto3

from workloads import job
from workloads.inputs import moment
from workloads.location import Location
from workloads.pulling.pull import pull
from workloads.pulling.source import Source


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", required=True, help="address of the API")
    parser.add_argument("--rows", default="", help="where the rows of an answer are: names with dots between them")
    parser.add_argument("--next", default="", help="where the way to the next page is; without it there is one page")
    parser.add_argument("--cursor", help="parameter whose value that way is; without it, it is an address")
    parser.add_argument("--changed", required=True, help="field of a row that says when it was changed")
    parser.add_argument("--since", required=True, help="parameter that asks for rows changed from a moment on")
    parser.add_argument("--first", type=moment, required=True, help="from when on rows are pulled first, ISO 8601")
    parser.add_argument("--until", type=moment, required=True, help="moment of this pull, ISO 8601")
    parser.add_argument("--settle-minutes", type=int, default=0, help="leave rows to the next pull that are younger")
    parser.add_argument("--output", required=True, help="s3://bucket/prefix to write to")
    parser.add_argument("--header", help="header that carries the credential; with --secret")
    parser.add_argument("--secret", help="Secrets Manager id of that header's value")


@job.entry("pulling", __doc__, _arguments)
def main(options: argparse.Namespace) -> job.Outcome:
    """Pull once."""
    if (options.header is None) != (options.secret is None):
        raise job.UserError("--header: found without --secret, or the other way round; give both or none")
    wanted = Source(
        url=options.url,
        rows=options.rows,
        next=options.next,
        cursor=options.cursor,
        changed=options.changed,
        since=options.since,
        headers={options.header: _secret(options.secret)} if options.secret else {},
    )
    with tempfile.TemporaryDirectory(dir=job.volume()) as scratch:
        done = pull(
            boto3.client("s3"),
            wanted,
            Location.parse(options.output),
            first=options.first,
            until=options.until - timedelta(minutes=options.settle_minutes),
            scratch=Path(scratch),
        )
    return job.Outcome(message=f"{done.rows} rows in {done.object}" if done.object else done.why, fields=asdict(done))


def _secret(name: str) -> str:
    found = boto3.client("secretsmanager").get_secret_value(SecretId=name)
    text = found.get("SecretString", "").strip()
    if not text or "\n" in text:
        raise job.UserError(f"secret {name}: found no line of text; store the value of the header, as `Bearer ...`")
    return text


if __name__ == "__main__":
    job.leave(main())
