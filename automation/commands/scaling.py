"""`scale`: more or less of what serves now, by hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from automation.commands import target
from automation.commands.options import Endpoint, Json, Stack, Workload, Yes
from automation.commands.output import Output
from automation.operations import capacity
from contracts.release import CHAMPION


def scale(
    stack: Stack,
    to: Annotated[
        int, typer.Option(min=0, max=1000, help="Instances, copies, tasks or warm environments there should be.")
    ],
    variant: Annotated[str, typer.Option(help="Which of the variants: champion or challenger.")] = CHAMPION,
    workload: Workload = None,
    endpoint: Endpoint = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Change how much serves an endpoint now.

    Instances of a variant, copies of an inference component, tasks of an endpoint on Fargate, environments that a
    function in Lambda keeps warm. It holds until a policy or a schedule of the stack says otherwise; a release keeps
    the count of its day.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names = on.endpoint(workload, endpoint)
    out.confirm(f"Have {variant} of endpoint {names.prefix} be {to}?")
    done = capacity.scale(names, on.kind(names), variant, to, client=on.client)
    if done.before == done.after:
        said = f"{variant} of endpoint {names.prefix} is {to} {done.unit} already"
    else:
        said = f"{variant} of endpoint {names.prefix} goes from {done.before} to {to} {done.unit}; `status` says when"
    least, most = done.limits or (None, None)
    by_itself = f"; it scales by itself between {least} and {most}" if done.limits else ""
    out.done(f"{said}{by_itself}", {"endpoint": names.prefix, **asdict(done)})
