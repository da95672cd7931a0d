"""The commands that make stacks: a further environment, and those of a pull request."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import Annotated

import typer

from automation.commands import target
from automation.commands.options import Json, Yes
from automation.commands.output import Output
from automation.commands.progress import followed
from automation.operations.errors import DeploymentError, RefusedError
from automation.stacks import deployment, environments, ephemeral, local, workspace
from automation.stacks.log import counted
from automation.stacks.places import Place
from contracts.release.lock import BusyError

Template = Annotated[str, typer.Option(help="The stack whose file is copied.")]
New = Annotated[str, typer.Option("--stack", help="Name of the new stack.")]
Secrets = Annotated[
    str | None,
    typer.Option(metavar="PROVIDER", help="What encrypts its secrets, such as awskms://alias/<key>?region=eu-west-1."),
]
Backend = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where its state is: s3://<bucket>, https://api.pulumi.com. Else the template's."),
]


def new_stack(
    stack: New,
    template: Template = "staging",
    region: Annotated[str | None, typer.Option(help="Without it the template's.")] = None,
    cidr: Annotated[str | None, typer.Option(help="Without it a free range of 10.0.0.0/8.")] = None,
    protect: Annotated[bool | None, typer.Option(help="Whether it refuses deletion.")] = None,
    role: Annotated[
        str | None, typer.Option(metavar="ARN", help="Who deploys it: a role of its account, and no other account.")
    ] = None,
    backend: Backend = None,
    secrets_provider: Secrets = None,
    environment: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="An environment of Pulumi ESC. Can be repeated.")
    ] = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Make a further environment from another one's file.

    Writes Pulumi.<stack>.yaml, checked by the settings, and its policy levels; with a CLI the stack in the backend too.
    """
    out, project = Output(as_json=as_json, yes=yes), target.PROJECT
    out.confirm(f"Make stack {stack} after {template}?")
    at = Place(
        region=region,
        role=role,
        backend=backend,
        secrets_provider=secrets_provider,
        environments=tuple(environment or ()),
    )
    path = environments.write(stack, template, project, at=at, cidr=cidr, protect=protect)
    made = local.has_cli()
    if made:
        try:
            workspace.create(stack, project, secrets_provider)
        except Exception:
            environments.remove(stack, project)
            raise
    for key in environments.to_look_at(stack, template, project):
        out.say(f"{path.name}: {key} is {template}'s; set this stack's own")
    way = f"`python -m automation up --stack {stack}` deploys it"
    if not made:
        way = f"install the Pulumi CLI ({workspace.CLI}), which is not on PATH; then `{_init(stack, secrets_provider)}`"
    out.done(f"{path.name} is written; {way}", {"file": path.name, "in_backend": made})


def _init(stack: str, secrets_provider: str | None) -> str:
    """The command that makes a stack in its backend."""
    url = workspace.backend(stack, target.PROJECT)
    where = f"{workspace.BACKEND_URL}={shlex.quote(url)} " if url else ""
    provider = ["--secrets-provider", secrets_provider] if secrets_provider else []
    return where + shlex.join(["pulumi", "stack", "init", stack, "--no-select", *provider])


ephemerals = typer.Typer(
    name="ephemeral",
    help="Stacks of a pull request: create, list, expire.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@ephemerals.command()
def create(
    stack: Annotated[str, typer.Option(help="A name that begins with pr-.")],
    template: Template = "staging",
    hours: Annotated[int, typer.Option(min=1, max=24 * 14, help="How long it lives.")] = 24,
    secrets_provider: Secrets = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Make such a stack and deploy it; given again it is brought up to date and lives anew."""
    out = Output(as_json=as_json, yes=yes)
    out.confirm(f"Make and deploy stack {stack} after {template}, for {hours} hours?")
    engine = ephemeral.create(stack, template, hours, target.PROJECT, secrets_provider=secrets_provider)
    with followed(out.say) as watch:
        done = deployment.up(engine, watch=watch)
    outputs = deployment.outputs(engine)
    for waits in outputs.get("waiting_for", []):
        out.say(f"waits for {waits}")
    out.done(f"{stack}: {counted(done.steps) or 'nothing changed'}", {"stack": stack, "outputs": outputs})


@ephemerals.command(name="list")
def list_(as_json: Json = False) -> None:
    """Say which there are, and until when."""
    out, now = Output(as_json=as_json), datetime.now(UTC)
    found = ephemeral.listed(target.PROJECT)
    lines = [f"{each.stack}: {_until(each, now)}" for each in found]
    facts = [
        {"stack": each.stack, "expires": each.expires and each.expires.isoformat(), "over": each.is_over(now)}
        for each in found
    ]
    out.done("\n".join(lines) or "there are none", {"stacks": facts})


@ephemerals.command()
def expire(
    stack: Annotated[str | None, typer.Option(help="This one, whatever its time.")] = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Take down those whose time is over, with all data in them.

    One that fails does not keep the others; given again it goes on with what is left.
    """
    out, now = Output(as_json=as_json, yes=yes), datetime.now(UTC)
    found = {
        each.stack: each
        for each in ephemeral.listed(target.PROJECT)
        if stack == each.stack or (not stack and each.is_over(now))
    }
    if stack and not found:
        raise RefusedError(f"--stack: found {stack!r}; allowed: one of `ephemeral list`")
    if found:
        out.confirm(f"Take down {', '.join(found)}, with all data in it?")
    failed = {name: told for name in found if (told := _expired(found[name], out))}
    if failed:
        raise DeploymentError("\n".join(f"{name}: {told}" for name, told in failed.items()))
    out.done(f"taken down: {', '.join(found) or 'none'}", {"taken_down": [*found]})


def _expired(found: ephemeral.Ephemeral, out: Output) -> str:
    """Take one down; returns why it failed, empty where it did not."""
    project, stack = target.PROJECT, found.stack
    try:
        ephemeral.fetch_config(found, project)
        on = target.read(stack)
        with followed(out.say) as watch:
            done = ephemeral.take_down(stack, on.client, project, region=on.region, tell=out.say, watch=watch)
    except (RefusedError, DeploymentError, BusyError) as error:
        return str(error)
    for left in done.left:
        out.say(f"{stack}: {left}")
    return ""


def _until(each: ephemeral.Ephemeral, now: datetime) -> str:
    if each.expires is None:
        return "without a time; `ephemeral expire --stack` takes it down"
    return f"over since {each.expires:%Y-%m-%d %H:%M}" if each.is_over(now) else f"until {each.expires:%Y-%m-%d %H:%M}"
