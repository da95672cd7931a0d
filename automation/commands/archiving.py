"""`archive`, and how other commands keep the registry's stages as the endpoints serve."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from automation.commands import target
from automation.commands.options import Json, Stack, Workload, Yes
from automation.commands.output import Output
from automation.operations import archiving
from automation.operations.errors import RefusedError
from contracts.names import EndpointNames, WorkloadNames


def archive(
    stack: Stack,
    workload: Workload = None,
    keep: Annotated[int, typer.Option(min=1, help="The newest versions, however old.")] = 10,
    older_than: Annotated[int, typer.Option(min=0, metavar="DAYS", help="Younger ones stay, however many.")] = 90,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which they are.")] = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Archive a workload's old model versions, and mark those that serve.

    What a release record names stays. Nothing is deleted; `approve` brings a version back.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names, sagemaker = on.workload(workload), on.client("sagemaker")
    known = archiving.records(_endpoints(on, names), on.releases)
    chosen = archiving.old(names, known, keep=keep, days=older_than, now=datetime.now(UTC), sagemaker=sagemaker)
    for each in chosen:
        out.say(str(each))
    result = {"archived": [asdict(each) for each in chosen], "dry_run": dry_run}
    if dry_run:
        out.done(f"{len(chosen)} versions of {names.package_group} would be archived", result)
        return
    if chosen:
        out.confirm(f"Archive {len(chosen)} versions of {names.package_group}?")
    archiving.archive(chosen, sagemaker=sagemaker)
    marked = mark(on, out, names)
    out.done(f"archived {len(chosen)} versions of {names.package_group}", {**result, "marked": marked})


def mark(on: target.Target, out: Output, names: WorkloadNames) -> dict[str, str]:
    """Have the registry say what the endpoints of a workload serve, as far as the caller may; what was written.

    The act that it follows is done: where it cannot be written, that is said, and a later act writes it.
    """
    try:
        marked = archiving.mark(
            names, archiving.records(_endpoints(on, names), on.releases), sagemaker=on.client("sagemaker")
        )
    except RefusedError as error:
        out.say(f"the stages in the registry stay as they are: {error}")
        return {}
    if marked.refused:
        out.say(f"{marked.refused}; the next `approve` or `archive` of who may change packages writes it")
    return {package: str(stage) for package, stage in marked.stages.items()}


def _endpoints(on: target.Target, names: WorkloadNames) -> list[EndpointNames]:
    return [each for each in on.endpoints if each.workload == names.workload]
