"""`cost`: what a month of a stack costs, before it is deployed and with no account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from automation.commands import target
from automation.commands.options import Json, Stack
from automation.commands.output import Output
from automation.commands.target import PROJECT
from automation.cost import Document, Traffic, estimate
from automation.cost.estimate import changes, changes_as_json
from automation.cost.text import by_change, by_component, line_by_line
from automation.operations.errors import RefusedError
from automation.stacks import local
from contracts.prices import HOURS_A_MONTH

_DEFAULT = Traffic()


def cost(
    stack: Stack,
    requests: Annotated[float, typer.Option(min=0, help="Requests a month to each endpoint.")] = _DEFAULT.requests,
    hours: Annotated[
        float, typer.Option(min=0, max=HOURS_A_MONTH, help="Hours a month that the endpoints run; 0 is stopped.")
    ] = _DEFAULT.endpoint_hours,
    lines: Annotated[bool, typer.Option("--lines", help="A row for each use of a priced item.")] = False,
    config: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="In place of the stack's.")] = None,
    config_file: Annotated[Path | None, typer.Option(help="In place of Pulumi.<stack>.yaml.")] = None,
    synth: Annotated[
        Path | None, typer.Option(help="What `python -m local synth` wrote, in place of the stack.")
    ] = None,
    against: Annotated[Path | None, typer.Option(help="A synth of before: what changes against it.")] = None,
    as_json: Json = False,
) -> None:
    """Say what a month of a stack costs."""
    out, traffic = Output(as_json=as_json), Traffic(requests=requests, endpoint_hours=hours)
    if not synth and not config_file:
        target.read(stack)  # it says which stacks there are
    found = _read(synth) if synth else local.synth(stack, PROJECT, config=config or (), config_file=config_file)
    now = estimate(Document.of(found), traffic)
    before = estimate(Document.of(_read(against)), traffic) if against else None
    text = line_by_line(now) if lines else by_component(now)
    result: dict[str, Any] = now.as_json()
    if before:
        text = f"{text}\n\n{by_change(changes(before, now))}"
        result["against"] = changes_as_json(before, now)
    out.done(text, result)
    now.check()


def _read(path: Path) -> Mapping[str, Any]:
    """RefusedError for a file that is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RefusedError(f"{path}: found no JSON ({error}); give what `python -m local synth` wrote") from error
