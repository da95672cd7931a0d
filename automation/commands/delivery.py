"""What a pipeline that delivers asks: a smoke test, what a stack was brought to, and what an approval should know."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from automation.commands import target
from automation.commands.comment import read as told
from automation.commands.options import Endpoint, Json, Stack, Workload
from automation.commands.output import Output
from automation.cost import Document, estimate
from automation.evidence.brief import brief as written
from automation.evidence.junit import cases as as_junit
from automation.operations import delivered as deliveries
from automation.operations import packages, releases
from automation.operations import smoke as smoked
from automation.operations import status as standing
from automation.operations.errors import DiffersError
from automation.stacks import local
from contracts.names import EndpointNames


def smoke(
    stack: Stack,
    report: Annotated[Path | None, typer.Option(help="Where the result is written as JUnit XML.")] = None,
    as_json: Json = False,
) -> None:
    """Test what endpoints answer; exit code 7 where wrong.

    Each gets rows that its contract allows, and one that it does not. What is stopped, or waits for its first release,
    is left out, and so is what answers in S3 or in the network alone.
    """
    on, out = target.read(stack), Output(as_json=as_json)
    found = [
        case
        for names in on.endpoints
        for case in smoked.check(
            names,
            on.contract(names.workload),
            releases.read(names, on.releases),
            on.releases.host(names).observe(),
            stopped=on.stopped(names),
            host=on.kind(names).host,
            client=on.client,
        )
    ]
    for case in found:
        out.say(f"endpoint {case.endpoint}: {case.name}: {case.failure or case.skipped or 'yes'}")
    if report:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(as_junit(f"smoke of {stack}", found), encoding="utf-8")
    out.done(f"{stack}: {smoked.summary(found)}", {"cases": [asdict(each) for each in found]})
    if failed := [f"{each.endpoint}: {each.name}: {each.failure}" for each in found if each.failure]:
        raise DiffersError("; ".join(failed))


def delivered(
    stack: Stack,
    record: Annotated[
        str | None, typer.Option(metavar="REVISION", help="Write down that the stack was brought to it.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Refuse where the stack was brought to another.")] = None,
    approved: Annotated[
        str | None, typer.Option(metavar="FINGERPRINT", help="Refuse where the stack has something else by now.")
    ] = None,
    variables: Annotated[
        Path | None, typer.Option("--env", help="Write STAGED, TESTED and IMAGES for a shell, for an approval.")
    ] = None,
    workload: Workload = None,
    endpoint: Endpoint = None,
    as_json: Json = False,
) -> None:
    """Say what a stack was brought to, as one fingerprint.

    With --workload and --endpoint of what it serves only that endpoint counts: a model was approved for it alone.
    """
    on, out = target.read(stack), Output(as_json=as_json)
    if record:
        price = estimate(Document.of(local.synth(stack, target.PROJECT))).total.usd
        deliveries.record(on.names, record, price, ssm=on.client("ssm"))
    endpoints = [on.endpoint(workload, endpoint)] if workload or endpoint else on.endpoints
    found = deliveries.read(on.names, endpoints, on.releases)
    if revision:
        deliveries.require_revision(found, stack, revision)
    if approved:
        deliveries.require_approved(found, stack, approved)
    if variables:
        ringing, _ = standing.alarms(on.workloads, on.client("cloudwatch"))
        sagemaker = on.client("sagemaker")
        served = [
            _served(each, found.champions[each.prefix], sagemaker=sagemaker)
            for each in endpoints
            if each.prefix in found.champions
        ]
        tested = f"{'; '.join(served) or 'nothing serves yet'}; {len(ringing)} alarms ring."
        lines = {"STAGED": found.fingerprint, "TESTED": tested, "IMAGES": " ".join(found.digests)}
        variables.parent.mkdir(parents=True, exist_ok=True)
        variables.write_text("".join(f"export {key}={shlex.quote(value)}\n" for key, value in lines.items()))
    out.done(f"{stack} has {found.fingerprint}", {**asdict(found), "fingerprint": found.fingerprint})


def _served(endpoint: EndpointNames, champion: str, *, sagemaker: Any) -> str:
    metric = packages.metric(endpoint.of_its_workload, champion, sagemaker=sagemaker)
    return f"{endpoint.prefix} serves {champion}" + (f" ({metric})" if metric else "")


def brief(
    directory: Annotated[Path, typer.Argument(help="Where preview.json, cost.json and policies.json are.")],
    stack: Stack,
    as_json: Json = False,
) -> None:
    """Write what an approval should know of a stack, in a line.

    The files are those of `comment`. The price is compared with that of the revision that the stack was brought to.
    """
    on, out = target.read(stack), Output(as_json=as_json)
    found = deliveries.read(on.names, on.endpoints, on.releases)
    text = written(found.usd_month, **told(directory))
    out.done(text, {"brief": text})
