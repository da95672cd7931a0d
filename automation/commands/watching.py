"""The commands that look: whether live is what is wanted, how a stack stands, what a workload wrote."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console

from automation.commands import target
from automation.commands.options import Endpoint, Json, Stack, Workload
from automation.commands.output import Output
from automation.commands.screen import rendered
from automation.cost import Document, estimate
from automation.operations import logs as logged
from automation.operations import status as standing
from automation.operations.errors import DiffersError, RefusedError
from automation.operations.logs import Source
from automation.operations.verification import STOPPED, Verdict
from automation.operations.verification import verify as compared
from automation.stacks import local

_WIDTH = 240
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def verify(stack: Stack, workload: Workload = None, endpoint: Endpoint = None, as_json: Json = False) -> None:
    """Say whether live is what is wanted; exit code 7 where not.

    Compares each release record with the endpoint: its variants, their packages, images and instances, and its traffic.
    """
    on, out = target.read(stack), Output(as_json=as_json)
    chosen = [on.endpoint(workload, endpoint)] if endpoint else [*_endpoints(on, workload)]
    verdicts = [compared(names, on.releases, stopped=on.stopped(names)) for names in chosen]
    for verdict in verdicts:
        out.say(f"endpoint {verdict.name}: {'; '.join(verdict.differences) or _stands(verdict)}")
    wrong = [verdict for verdict in verdicts if verdict.differences]
    end = f"{stack}: {len(wrong)} of {len(verdicts)} endpoints differ from what is wanted"
    out.done(
        end if wrong else f"{stack}: {len(verdicts)} of {len(verdicts)} endpoints are as wanted",
        {"endpoints": [*map(asdict, verdicts)]},
    )
    if wrong:
        raise DiffersError("; ".join(f"{verdict.name}: {', '.join(verdict.differences)}" for verdict in wrong))


def status(
    stack: Stack,
    cost: Annotated[bool, typer.Option("--cost", help="Also what a month costs, which takes a synth.")] = False,
    as_json: Json = False,
) -> None:
    """Show a stack on one screen: releases, drift, alarms, runs."""
    on, out = target.read(stack), Output(as_json=as_json)
    found = standing.read(
        on.workloads, {each: on.stopped(each) for each in on.endpoints}, on.releases, on.client, on.trainer
    )
    month = estimate(Document.of(local.synth(stack, target.PROJECT))).total.usd if cost else None
    if as_json:
        out.done("", {**asdict(found), **({"usd_a_month": round(month, 2)} if month is not None else {})})
    else:
        # A file or a pipe has no width: a name that is folded could not be copied or looked for.
        Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else _WIDTH).print(rendered(found))
        if month is not None:
            out.say(f"{month:,.2f} USD a month by list prices and usual traffic; `cost` says what for")


def logs(
    stack: Stack,
    workload: Workload = None,
    endpoint: Endpoint = None,
    source: Annotated[Source, typer.Option(help="Who wrote; training is the newest run.")] = Source.ENDPOINT,
    since: Annotated[str, typer.Option(help="How far back: 30m, 2h, 1d.")] = "1h",
    most: Annotated[int, typer.Option("--lines", min=1, help="The last so many.")] = 200,
    pattern: Annotated[str, typer.Option("--filter", help="A filter pattern of CloudWatch Logs.")] = "",
    as_json: Json = False,
) -> None:
    """Print what an endpoint, a training run or functions wrote."""
    on, out = target.read(stack), Output(as_json=as_json)
    client = on.client("logs")
    if source is Source.ENDPOINT:
        places = logged.of_endpoint(on.endpoint(workload, endpoint))
    elif source is Source.TRAINING:
        names = on.workload(workload)
        places = logged.of_training(names, sagemaker=on.trainer(names))
    else:
        places = logged.of_functions(on.workload(workload), logs=client)
    lines = logged.read(places, since=datetime.now(UTC) - _span(since), most=most, logs=client, pattern=pattern)
    if not lines:
        out.say(f"nothing since {since} in {', '.join(sorted({place.group for place in places})) or 'any log group'}")
    text = "\n".join(f"{line.when:%Y-%m-%d %H:%M:%S} {line.group.rpartition('/')[2]} {line.text}" for line in lines)
    facts = [{"when": line.when.isoformat(), "group": line.group, "text": line.text} for line in lines]
    if as_json or text:
        out.done(text, {"lines": facts})


def _stands(verdict: Verdict) -> str:
    if verdict.status == STOPPED and verdict.wanted:
        return f"is stopped, on release {verdict.wanted}"
    return f"serves release {verdict.live}" if verdict.live else "waits for its first release"


def _endpoints(on: target.Target, workload: str | None) -> list[Any]:
    chosen = on.workload(workload).workload if workload else None
    return [names for names in on.endpoints if chosen in (None, names.workload)]


def _span(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9]\d{0,3})([mhd])", text)
    if not found:
        raise RefusedError(f"--since: found {text!r}; allowed: minutes, hours or days, such as 30m, 2h, 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
