"""The commands on a stack as a whole, through the Pulumi CLI."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from automation.commands import target
from automation.commands.options import Json, Stack, Yes
from automation.commands.output import Output
from automation.commands.preflight import declared, findings
from automation.commands.progress import followed
from automation.cost.month import Month
from automation.evidence import FORMATS
from automation.exits import Exit
from automation.operations import takeover
from automation.operations.errors import RefusedError
from automation.operations.findings import Finding
from automation.stacks import backups as copies
from automation.stacks import deployment, local, teardown, workspace
from automation.stacks import drift as drifts
from automation.stacks.deployment import Changes
from automation.stacks.log import Step, counted

MARKS: Mapping[str, str] = {"create": "+", "update": "~", "delete": "-", "replace": "+-"}


def preview(
    stack: Stack,
    import_file: Annotated[
        Path | None,
        typer.Option(help="Write what AWS has of it, for `pulumi import --file`. Needs the CLI."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what `up` would change, judged by the policies.

    And what a month of it costs, with what is not deployed yet. Without a Pulumi CLI the local run says what changes,
    for an empty account or the emulator that is running.
    """
    on, out = target.read(stack), Output(as_json=as_json)
    if import_file or local.has_cli():
        engine, by = workspace.select(stack, target.PROJECT), "by the Pulumi CLI"
        with followed(out.say) as watch:
            found = deployment.preview(engine, import_file=import_file, watch=watch)
        if import_file:
            _say_taken_over(out, takeover.fill(import_file, declared(on)), import_file)
    else:
        out.say(f"preview {local.SAYS}; {workspace.NO_CLI}")
        found, by = local.preview(stack, target.PROJECT), local.SAYS
    _tell(out, found)
    month = _month(stack)
    out.say(month.told())
    out.done(f"preview of {stack}: {summary(found)}", {**facts(found), "by": by, "month": month.as_json()})


def _month(stack: str) -> Month:
    """What it costs as program and config say it now, without an account."""
    return Month.of(local.synth(stack, target.PROJECT))


def _say_taken_over(out: Output, filled: takeover.Filled, file: Path) -> None:
    for each in filled.found:
        out.say(f"AWS has {each}")
    out.say(f"{file} has these {len(filled.found)}; {filled.rest} has {filled.others} that nothing can be found by")


def up(
    stack: Stack,
    message: Annotated[str | None, typer.Option(help="For the stack's history.")] = None,
    backups: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="Where the state of a protected stack is put before: a directory or s3://. Else beside a state in S3.",
        ),
    ] = None,
    checked: Annotated[
        bool, typer.Option("--preflight/--no-preflight", help="Before the first deployment, look at the account.")
    ] = True,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Bring a stack to what program and config say.

    Previews first, judged by the policies, and asks; a stack above its `cost.monthly_limit_usd` ends there with code 6.
    Before the first deployment the account is looked at. What an earlier run left under way is looked up; the state of
    a protected stack is backed up first.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    engine = workspace.select(stack, target.PROJECT)
    if checked and not teardown.resources(engine):
        _refuse_lacking(findings(on))
    month = _month(stack)
    month.check()
    planned = plan(on, engine, out, backups=backups)
    out.say(month.told())
    if planned.nothing:
        out.say(f"nothing of {stack} is to change")
    out.confirm(f"Bring {stack} there ({summary(planned)})?")
    done, found = carry_out(on, engine, out, message=message, backups=backups)
    out.done(f"{stack}: {summary(done)}", {**facts(done), "outputs": found})


def plan(on: target.Target, engine: workspace.Engine, out: Output, *, backups: str | None = None) -> Changes:
    """What an `up` would change, told. What an earlier run left under way is looked up before."""
    if deployment.pending(engine):
        back_up(on, engine, out, backups)
    with followed(out.say) as watch:
        deployment.recover(engine, watch=watch)
        planned = deployment.preview(engine, watch=watch)
    _tell(out, planned)
    return planned


def carry_out(
    on: target.Target, engine: workspace.Engine, out: Output, *, message: str | None, backups: str | None = None
) -> tuple[Changes, Mapping[str, Any]]:
    """An `up` that was agreed to: what it changed, and the outputs of the stack."""
    back_up(on, engine, out, backups)
    with followed(out.say) as watch:
        done = deployment.up(engine, message=message, watch=watch)
    found = deployment.outputs(engine)
    for waits in found.get("waiting_for", []):
        out.say(f"waits for {waits}")
    return done, found


def back_up(on: target.Target, engine: workspace.Engine, out: Output, where: str | None = None) -> None:
    """Copy the state of a protected stack before it is changed, and say how it comes back."""
    if on.protected:
        place = copies.place(on.stack, target.PROJECT, where)
        out.say(f"the state before comes back by `{copies.back_up(engine, place, on.region)}`")


def refresh(
    stack: Stack,
    take_over: Annotated[
        list[str] | None,
        typer.Option(metavar="'URN ID'", help="What a killed run was creating and AWS has. Can be repeated."),
    ] = None,
    forget_creates: Annotated[
        bool, typer.Option("--forget-creates", help="Drop creations that a killed run left under way.")
    ] = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Read every resource anew into the state."""
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    found_there = dict(_taken_over(each) for each in take_over or ())
    engine = workspace.select(stack, target.PROJECT)
    out.confirm(f"Write what the cloud has into the state of {stack}?")
    back_up(on, engine, out)
    with followed(out.say) as watch:
        found = deployment.refresh(engine, take_over=found_there, forget_creates=forget_creates, watch=watch)
    _tell(out, found)
    out.done(f"{stack}: {summary(found)}", facts(found))


def _taken_over(written: str) -> tuple[str, str]:
    urn, _, id_ = written.strip().rpartition(" ")
    if not urn:
        raise RefusedError(f"--take-over: found {written!r}; allowed: the URN and the id, with a blank in between")
    return urn.strip(), id_


def drift(stack: Stack, as_json: Json = False) -> None:
    """Say what was changed outside of Pulumi; exit code 7 for any.

    What AWS and the platform themselves change is allowed (automation/stacks/drift.yaml).
    """
    target.read(stack)
    out = Output(as_json=as_json)
    engine = workspace.select(stack, target.PROJECT)
    with followed(lambda _: None) as watch:
        found = drifts.judged(deployment.preview_refresh(engine, watch=watch))
    for step in found.foreign:
        out.say(_line(step))
    for step, reason in found.allowed:
        out.say(f"allowed: {_line(step)} ({reason})")
    result = {
        "drift": [asdict(step) for step in found.foreign],
        "allowed": [{**asdict(step), "reason": reason} for step, reason in found.allowed],
    }
    said = counted(found.foreign)
    way = f"; `up` takes it back, `refresh --stack {stack}` takes it over" if said else ""
    out.done(f"{stack}: {said or 'no drift'}{way}", result)
    if found.foreign:
        raise typer.Exit(Exit.DIFFERS)


def outputs(
    stack: Stack,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Secrets too.")] = False,
    as_json: Json = False,
) -> None:
    """Print the outputs of a stack."""
    target.read(stack)
    out = Output(as_json=as_json)
    found = deployment.outputs(workspace.select(stack, target.PROJECT), show_secrets=show_secrets)
    out.done("\n".join(f"{name}: {_text(value)}" for name, value in found.items()), found)


def cancel(stack: Stack, as_json: Json = False, yes: Yes = False) -> None:
    """Take away the lock of an update that nobody runs any more."""
    target.read(stack)
    out = Output(as_json=as_json, yes=yes)
    engine = workspace.select(stack, target.PROJECT)
    out.confirm_name(f"An update of {stack} that still runs would lose its lock, and the state with it.", stack)
    deployment.cancel(engine)
    left = deployment.pending(engine)
    out.done(
        f"{stack} is free; {len(left)} operations were under way, `up` looks them up",
        {"pending": [asdict(each) for each in left]},
    )


def policies(
    stack: Stack,
    levels: Annotated[str | None, typer.Option(help="Those of policies/config/<levels>.json.")] = None,
    form: Annotated[
        str, typer.Option("--format", help="table, json, sarif, junit or markdown.", metavar="FORMAT")
    ] = "table",
    as_json: Json = False,
) -> None:
    """Report what every policy says of every resource.

    The local run judges all resources of the stack with every value known; exit code 6 where an `up` would stop.
    """
    target.read(stack)
    out = Output(as_json=as_json)
    if form not in FORMATS:
        raise RefusedError(f"--format: found {form!r}; allowed: {', '.join(FORMATS)}")
    typer.echo(f"judged {local.SAYS}", err=True)
    text, stops = local.policies(stack, target.PROJECT, form="json" if as_json else form, levels=levels)
    out.done(text, {"stops": stops, "report": json.loads(text)} if as_json else {})
    if stops:
        raise typer.Exit(Exit.POLICY)


def _refuse_lacking(found: Sequence[Finding]) -> None:
    """Before a first deployment: RefusedError with all that the account lacks."""
    lacking = [f"  {finding.subject}: {finding.found}; {finding.fix}" for finding in found if finding.holds is False]
    if lacking:
        raise RefusedError(
            "the account lacks what the stack needs (--no-preflight deploys all the same):\n" + "\n".join(lacking)
        )


def _tell(out: Output, changes: Changes) -> None:
    """What is created by type, and all else by name."""
    made = Counter(step.type.split(":")[-1] for step in changes.steps if step.op == "create")
    for kind, number in sorted(made.items()):
        out.say(f"+ {number} {kind}")
    for step in changes.steps:
        if step.op != "create":
            out.say(_line(step))
    for warning in changes.warnings:
        out.say(f"warning: {warning}")
    for advice in changes.advisories:
        out.say(f"{advice.level}: {advice.policy}: {advice.message}")


def _line(step: Step) -> str:
    keys = f": {', '.join(step.keys)}" if step.keys else ""
    return f"{MARKS.get(step.op, step.op)} {step.type.split(':')[-1]} {step.name}{keys}"


def summary(changes: Changes) -> str:
    """The changes in numbers."""
    same = changes.counts.get("same", 0)
    return f"{counted(changes.steps) or 'nothing to change'}, {same} stay as they are"


def facts(changes: Changes) -> dict[str, Any]:
    """The changes as programs read them."""
    return asdict(changes)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
