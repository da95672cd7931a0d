"""A shadow behind a champion: put there, ended, compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from automation.commands import target
from automation.commands.acts import said, signed
from automation.commands.options import Endpoint, Identity, Issuer, Json, Key, Stack, Why, Workload, Yes
from automation.commands.output import Output
from automation.operations import releases, shadows
from automation.operations.errors import RefusedError
from automation.operations.releases import By
from automation.operations.shadows import Comparison
from automation.operations.shipping import signer
from contracts.schema import Task


def shadow(
    stack: Stack,
    why: Why,
    package: Annotated[str | None, typer.Argument(help="Version or ARN of the shadow.", show_default=False)] = None,
    percent: Annotated[int, typer.Option(min=1, max=100, help="Share of the requests that it gets copies of.")] = 100,
    end: Annotated[bool, typer.Option("--end", help="Let the champion serve alone again.")] = False,
    workload: Workload = None,
    endpoint: Endpoint = None,
    key: Key = None,
    identity: Identity = None,
    issuer: Issuer = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Copy requests to an approved model, whose answers nobody gets.

    The next `up` rolls it out. `compare` says what it would have answered, `promote` makes it the champion.
    """
    if (package is None) != end:
        raise RefusedError(
            f"shadow: found {package or 'no package'}{' and --end' if end else ''}; allowed: a package, or --end"
        )
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names, by = on.endpoint(workload, endpoint), By(who=on.who, why=why)
    if package is None:
        out.confirm(f"Let the champion of endpoint {names.prefix} serve alone?")
        said(out, on.stopped(names), releases.end_shadow(names, by=by, clients=on.releases))
    else:
        by_whom = signer(key, identity, issuer)
        out.confirm(f"Copy {percent} % of the requests of endpoint {names.prefix} to {package}?")
        found = signed(on, names, package, by_whom)
        said(out, on.stopped(names), releases.shadow(names, package, percent, by=by, clients=on.releases), found)


def compare(
    stack: Stack,
    hours: Annotated[int, typer.Option(min=1, max=24 * 7, help="How far back.")] = 1,
    workload: Workload = None,
    endpoint: Endpoint = None,
    as_json: Json = False,
) -> None:
    """Say what champion and shadow answered to the same requests.

    Reads captured traffic, which data scientists and ML engineers may, as answers of the task of the workload's
    contract: of a regression, whose numbers decide nothing, the differences alone are told.
    """
    on, out = target.read(stack), Output(as_json=as_json)
    names, until = on.endpoint(workload, endpoint), datetime.now(UTC)
    releases.shadowed(names, releases.read(names, on.releases))
    since = until - timedelta(hours=hours)
    s3, cloudwatch = on.client("s3"), on.client("cloudwatch")
    task = on.contract(names.workload).task
    found = shadows.compare(names, task, since=since, until=until, s3=s3, cloudwatch=cloudwatch)
    out.done("\n".join(_lines(found, task)), asdict(found))


#: What of two answers differs, by the task.
_NUMBERS: Final[Mapping[Task, str]] = {
    Task.BINARY_CLASSIFICATION: "scores differ",
    Task.MULTICLASS_CLASSIFICATION: "the probability that differs most differs",
    Task.REGRESSION: "predictions differ",
}


def _lines(found: Comparison, task: Task) -> list[str]:
    unused = f"{found.unmatched} without the champion's answer, {found.unreadable} unreadable"
    lines = [f"{found.requests} requests with {found.rows} rows answered by both ({unused})"]
    if found.agreement is not None:
        lines.append(f"same decision for {found.agreement:.2%} of the rows")
    if found.mean_difference is not None:
        lines.append(f"{_NUMBERS[task]} by {found.mean_difference:.4g}, at most {found.largest_difference:.4g}")
    for variant, metrics in found.metrics.items():
        told = (f"{name} {'none' if value is None else f'{value:.4g}'}" for name, value in metrics.items())
        lines.append(f"{variant}: {', '.join(told)}")
    return lines
