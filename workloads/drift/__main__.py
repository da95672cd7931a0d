"""State what the training data looked like, or compare with it what an endpoint was asked.

    python -m workloads.drift baseline --contract contract.json --data train/ --output out/
    python -m workloads.drift detect --contract contract.json --baseline baseline.json --endpoint churn-prod \\
        --captured s3://processed/data-capture/churn-prod/champion/ --window-minutes 60 --until 2026-11-21T10:00:00Z \\
        --output s3://artifacts/drift/ --publish

`baseline` writes baseline.json, statistics.json and constraints.json, which the evaluation completes. `detect` writes
report.json and report.html, prints report.json as one line and, with --publish, puts the metrics into CloudWatch.
Drift is a finding, not a failure. Where so many requests cannot be read that there is no score, the input is wrong.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

from contracts.schema import Contract
from workloads import job
from workloads.drift import baseline, capture, monitor_files, publishing, report
from workloads.drift.detection import detect
from workloads.inputs import add_contract, moment, read_contract, read_json
from workloads.location import lines, write_text


def make_baseline(options: argparse.Namespace, contract: Contract) -> Mapping[str, object]:
    """The command `baseline`; returns what to log."""
    made = baseline.build(options.data, contract)
    statistics, constraints = monitor_files.build(options.data, contract)
    for name, content in (("baseline", made), ("statistics", statistics), ("constraints", constraints)):
        text = json.dumps(content, indent=1, allow_nan=False)
        write_text(_s3, options.output, f"{name}.json", text, "application/json")
    return {"rows": made["rows"], "features": list(made["features"]), "warnings": made["warnings"]}


def detect_drift(options: argparse.Namespace, contract: Contract) -> Mapping[str, object]:
    """The command `detect`; returns what to log."""
    reference = read_json(options.baseline)
    window, hours = _window(options)
    lists = baseline.lists(reference, contract)
    captured = capture.read(lines(_s3, options.captured, ".jsonl", hours), contract, window, lists)
    found = detect(reference, captured, contract, endpoint=options.endpoint)
    text = json.dumps(found, indent=1, allow_nan=False)
    write_text(_s3, options.output, "report.json", text, "application/json")
    write_text(_s3, options.output, "report.html", report.render(found), "text/html; charset=utf-8")
    published = publishing.publish(boto3.client("cloudwatch"), found, datetime.now(UTC)) if options.publish else 0
    print(json.dumps(found, allow_nan=False))
    _check_readable(found)
    return {name: found[name] for name in ("status", "drift_score", "most_drifted", "rows")} | {"metrics": published}


def _check_readable(found: Mapping[str, Any]) -> None:
    """UserError when there is no score because requests could not be read: silence would look like no traffic."""
    reasons: Mapping[str, int] = found["captured"]["unreadable"]
    unreadable = sum(reasons.values())
    if found["drift_score"] is None and found["rows"] + unreadable >= found["min_rows"]:
        told = "; ".join(f"{reason} ({count})" for reason, count in reasons.items())
        raise job.UserError(
            f"--captured: {unreadable} requests cannot be read, so only {found['rows']} rows are left of "
            f"{found['min_rows']} that a score needs: {told}; give the contract of the model that is live"
        )


def _window(options: argparse.Namespace) -> tuple[capture.Window, Sequence[str] | None]:
    """The inferences to look at, and the hours' directories they are in; None for all there is."""
    if options.window_minutes is None:
        return capture.Window(since=options.since, until=options.until), None
    until = options.until or datetime.now(UTC)
    window = capture.Window(since=until - timedelta(minutes=options.window_minutes), until=until)
    return window, window.hours()


def _arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("baseline", help="what the training data looked like")
    make.set_defaults(run=make_baseline)
    make.add_argument("--data", type=Path, required=True, help="directory of the training part (Parquet)")
    find = commands.add_parser("detect", help="compare captured requests with the baseline")
    find.set_defaults(run=detect_drift)
    find.add_argument("--baseline", type=Path, required=True, help="baseline.json of the model that is live")
    find.add_argument("--captured", required=True, help="data capture: directory, .jsonl file or s3://bucket/prefix")
    find.add_argument("--endpoint", required=True, help="name of the endpoint, dimension of its metrics")
    beginning = find.add_mutually_exclusive_group()
    beginning.add_argument("--since", type=moment, help="leave out inferences before this moment, ISO 8601")
    beginning.add_argument(
        "--window-minutes",
        type=_minutes,
        help="leave out inferences longer before --until (by default now) than this; --captured is then the directory "
        "of one variant, of which only these hours are read (yyyy/mm/dd/hh)",
    )
    find.add_argument("--until", type=moment, help="leave out inferences at or after this moment, ISO 8601")
    find.add_argument("--publish", action="store_true", help="put the metrics into CloudWatch")
    for command in (make, find):
        add_contract(command)
        command.add_argument("--output", required=True, help="directory or s3://bucket/prefix to write to")


def _minutes(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"found {text!r}; allowed: whole minutes, 1 or more")
    return int(text)


def _s3() -> object:
    return boto3.client("s3")


@job.entry("drift", __doc__, _arguments)
def main(options: argparse.Namespace) -> job.Outcome:
    """Run one of the two commands."""
    return job.Outcome(message=f"{options.command} done", fields=options.run(options, read_contract(options.contract)))


if __name__ == "__main__":
    job.leave(main())
