"""A stack of a pull request: made, its endpoint tested with rows that have labels, and taken down, whatever happens.

    python examples/automation/pull_request.py --stack pr-12 --package <ARN of an approved package> --rows held-out.csv

The package may be another stack's, as far as the account lets this one read it. The exit code is that of
`python -m automation`; model tests that fail end with 7.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from automation.commands import ended, target
from automation.exits import Exit
from automation.operations import releases
from automation.operations.releases import By
from automation.stacks import deployment, ephemeral
from automation.stacks.log import Log, counted
from contracts import loader
from contracts.names import EndpointNames
from contracts.schema import Contract
from workloads.evaluation.metrics import auc

PATIENCE_SECONDS = 60 * 60.0
#: What answers a CSV with a score for each row.
Predict = Callable[[str], list[float]]


def model_tests(predict: Predict, contract: Contract, rows: Path) -> list[str]:
    """What is wrong with a model that serves, by rows that have labels; empty where nothing is."""
    text = rows.read_text(encoding="utf-8")
    labels = [int(row[contract.label]) for row in csv.DictReader(text.splitlines())]
    scores = predict(text)
    if len(scores) != len(labels):
        return [f"{len(scores)} scores for {len(labels)} rows"]
    failures = [
        f"row {row}: score {score} is no probability" for row, score in enumerate(scores, 1) if not 0 <= score <= 1
    ]
    if predict(text) != scores:
        failures.append("the same rows have other scores when asked again")
    found = auc(np.array(labels), np.array(scores)).value
    least = next((bounds.min for bounds in contract.quality if bounds.metric == "auc"), None)
    if least is not None and found < least:
        failures.append(f"AUC is {found:.4f}; the contract asks for {least} or more")
    return failures


def run(stack: str, template: str, package: str, rows: Path, hours: int) -> None:
    """From nothing to a verdict and back to nothing. RefusedError and its kin say what stood in the way."""
    engine = ephemeral.create(stack, template, hours, target.PROJECT)
    on = target.read(stack)
    try:
        say(f"{stack}: {counted(deployment.up(engine, watch=told()).steps)}")
        (names,) = on.endpoints
        record = releases.promote(names, package, by=By(who=on.who, why=f"tests of {stack}"), clients=on.releases)
        deployment.up(engine, watch=told())
        releases.follow(names, who=on.who, clients=on.releases, patience_seconds=PATIENCE_SECONDS)
        say(f"endpoint {names.prefix} serves release {record.wanted.id}")
        contract = loader.load(target.PROJECT / on.config["ml-platform:workloads"][names.workload]["contract"])
        failures = model_tests(endpoint(names, on.client("sagemaker-runtime")), contract, rows)
    finally:
        done = ephemeral.take_down(stack, on.client, target.PROJECT, region=on.region, watch=told())
        say(f"{stack}: {counted(done.steps)}")
    if failures:
        say("model tests failed:\n" + "\n".join(f"  {failure}" for failure in failures))
        sys.exit(Exit.DIFFERS)
    say("model tests passed")


def endpoint(names: EndpointNames, runtime: Any) -> Predict:
    """The live endpoint, asked over its API."""

    def predict(rows: str) -> list[float]:
        answer = runtime.invoke_endpoint(
            EndpointName=names.prefix, ContentType="text/csv", Accept="application/json", Body=rows.encode()
        )
        return [row["score"] for row in json.loads(answer["Body"].read())["predictions"]]

    return predict


def told() -> Callable[[Log], None]:
    """Says each finished step once."""
    seen = 0

    def watch(log: Log) -> None:
        nonlocal seen
        for step in log.done[seen:]:
            say(f"  {step.op} {step.name}")
        seen = len(log.done)

    return watch


def say(text: str) -> None:
    """One line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", required=True, help="a name that begins with pr-")
    parser.add_argument("--template", default="staging", help="the stack whose config it gets (default staging)")
    parser.add_argument("--package", required=True, help="ARN of an approved model package")
    parser.add_argument("--rows", required=True, type=Path, help="CSV with a header and the contract's label")
    parser.add_argument("--hours", type=int, default=6, help="when `ephemeral expire` may take it down (default 6)")
    given = parser.parse_args(argv)
    return ended(lambda: run(given.stack, given.template, given.package, given.rows, given.hours))


if __name__ == "__main__":
    sys.exit(main())
