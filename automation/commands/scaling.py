"""`scale`: more or fewer instances now, by hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from automation.commands import target
from automation.commands.options import Endpoint, Json, Stack, Workload, Yes
from automation.commands.output import Output
from automation.operations import capacity
from automation.operations.errors import RefusedError
from contracts.release import CHAMPION


def scale(
    stack: Stack,
    to: Annotated[int, typer.Option(min=0, max=100, help="Instances that there should be.")],
    variant: Annotated[str, typer.Option(help="Which of the variants.")] = CHAMPION,
    workload: Workload = None,
    endpoint: Endpoint = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Change the number of an endpoint's instances now.

    It holds until a policy or a schedule of the stack says otherwise; a release keeps the count of its day.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names = on.endpoint(workload, endpoint)
    if on.kind(names).host == "component":
        raise RefusedError(
            f"endpoint {names.prefix} is an inference component, whose instances follow its copies: set the limits of "
            "`autoscaling` in the stack's file"
        )
    out.confirm(f"Have {variant} of endpoint {names.prefix} be {to} instances?")
    clients = {"sagemaker": on.client("sagemaker"), "scaling": on.client("application-autoscaling")}
    done = capacity.scale(names, variant, to, **clients)
    if done.before == done.after:
        said = f"{variant} of endpoint {names.prefix} is {to} instances already"
    else:
        said = f"{variant} of endpoint {names.prefix} goes from {done.before} to {to} instances; `status` says when"
    least, most = done.limits or (None, None)
    by_itself = f"; it scales by itself between {least} and {most}" if done.limits else ""
    out.done(f"{said}{by_itself}", {"endpoint": names.prefix, **asdict(done)})
