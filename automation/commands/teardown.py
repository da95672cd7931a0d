"""The command that takes a stack down."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from automation.commands import target
from automation.commands.options import Json, Stack, Yes
from automation.commands.output import Output
from automation.commands.progress import followed
from automation.operations import contents, releases, remains
from automation.operations.errors import RefusedError
from automation.stacks import deployment, teardown, workspace
from automation.stacks.log import counted

ENGINE_KEEPS = "run `pulumi stack rm --preserve-config` when you will not bring it back (docs/stacks.md)"


def destroy(
    stack: Stack,
    empty: Annotated[
        bool, typer.Option("--empty", help="Delete the data too: objects, images, model packages, release records.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Then take the stack out of the backend.")] = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Take a stack down, and say what is left and what it costs.

    Asks for the stack's name, and refuses a protected stack. Given again it goes on where it was broken off.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    if on.protected:
        raise RefusedError(
            f"stack {stack} has ml-platform:protect: set it to false and run `up` first (docs/stacks.md)"
        )
    engine = workspace.select(stack, target.PROJECT)
    for endpoint in on.endpoints:
        releases.refuse_in_progress(endpoint, on.releases)
    with followed(out.say) as watch:
        planned = deployment.preview_destroy(engine, watch=watch)
    held = contents.survey(teardown.resources(engine), on.client)
    for content in held:
        out.say(f"holds {content}")
    if held and not empty:
        raise RefusedError(
            "AWS deletes none of these with something in it: " + "; ".join(map(str, held)) + "; give --empty to delete "
            "that too, for good, or empty them yourself"
        )
    kept = remains.find(on.names, on.endpoints, on.client)
    what = f"{counted(planned.steps) or 'nothing to delete'}" + (", and all data in it" if empty else "")
    out.confirm_name(f"This takes {stack} down: {what}.", stack)
    with followed(out.say) as watch:
        done = teardown.tear_down(engine, on.client, region=on.region, empty=empty, tell=out.say, watch=watch)
    if empty:
        remains.delete(kept, on.client)
    for left in done.left:
        out.say(str(left))
    if kept and not empty:
        cost = teardown.stored(sum(kept.log_groups.values()), "cloudwatch", "logs storage", on.region)
        out.say(f"left: {len(kept.parameters)} parameters under {on.names.parameter_path}; costs nothing")
        out.say(f"left: {len(kept.log_groups)} log groups of endpoints; costs {cost}")
    if remove:
        deployment.remove(engine)
    end = "taken out of the backend" if remove else ENGINE_KEEPS
    out.done(f"{stack}: {counted(done.steps) or 'nothing was left to delete'}; {end}", _facts(done, kept, empty=empty))


def _facts(done: teardown.Teardown, kept: remains.Remains, *, empty: bool) -> dict[str, Any]:
    emptied = [
        {"holder": each.content.holder, "kind": each.content.kind, "deleted": each.deleted, "locked": each.locked}
        for each in done.emptied
    ]
    return {
        "steps": [asdict(step) for step in done.steps],
        "emptied": emptied,
        "left": [asdict(left) for left in done.left],
        "parameters": [] if empty else kept.parameters,
        "log_groups": {} if empty else kept.log_groups,
    }
