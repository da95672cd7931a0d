"""`score`: a run of a batch endpoint, now."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from automation.commands import target
from automation.commands.options import Endpoint, Json, Stack, Workload, Yes
from automation.commands.output import Output
from automation.operations import scoring


def score(
    stack: Stack,
    workload: Workload = None,
    endpoint: Endpoint = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until the run has ended; fails where it has.")] = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Start a run of a batch endpoint now.

    What lies below requests/ is scored with the live release's model, as the schedule would.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names, sagemaker = on.endpoint(workload, endpoint), on.client("sagemaker")
    out.confirm(f"Start a run of {names.prefix}?")
    run = scoring.start(names, now=datetime.now(UTC), scheduler=on.client("scheduler"), sagemaker=sagemaker)
    if wait:
        out.say(f"{run.job} has begun")
        scoring.wait(run, sagemaker=sagemaker)
    out.done(f"{run.job} {'has written' if wait else 'writes'} {run.predictions}", asdict(run))
