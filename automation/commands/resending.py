"""`resend`: delivered objects that ingestion has not done, once more."""

from __future__ import annotations

from typing import Annotated

import typer

from automation.commands import target
from automation.commands.options import Json, Stack, Workload, Yes
from automation.commands.output import Output
from automation.operations import resending


def resend(
    stack: Stack,
    workload: Workload = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="What lies in raw data without a verdict, in place of the dead letters.")
    ] = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Send to ingestion again what failed for good.

    Dead letters about deliveries are taken away as their executions start; others stay. What was done for an object is
    not done again, so sending it twice changes nothing. With --missing the versions of raw objects are compared with
    the notes of their verdicts and with the executions under way.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names, states = on.workload(workload), on.client("stepfunctions")
    if missing:
        lost = resending.missing(names, s3=on.client("s3"), states=states)
        for each in lost:
            out.say(f"{each}: no verdict, and nothing under way")
        if lost:
            out.confirm(f"Send {len(lost)} to {names.resource('ingestion')}?")
        started = [resending.start(each, names, states=states) for each in lost]
    else:
        started = _letters(out, on, names, states)
    out.done(f"{len(started)} sent again", {"executions": started})


def _letters(out: Output, on: target.Target, names: target.WorkloadNames, states: object) -> list[str]:
    sqs = on.client("sqs")
    found = resending.letters(names, sqs=sqs)
    waiting, started = list(found), list[str]()
    try:
        for each in found:
            out.say(f"{each.delivery}: {each.why}")
        if found:
            out.confirm(f"Send {len(found)} to {names.resource('ingestion')}?")
        for each in found:
            started.append(resending.send(each, names, states=states, sqs=sqs))
            waiting.remove(each)
    finally:
        resending.keep(waiting, names, sqs=sqs)
    return started
