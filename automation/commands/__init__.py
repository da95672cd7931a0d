"""The command line: `python -m automation <command> --stack <stack>`. Its exit codes: `automation.exits.Exit`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import typer

from automation import reason
from automation.commands import acts, environments, stacks, stopping, teardown, watching, workloads
from automation.commands.advise import advise
from automation.commands.archiving import archive
from automation.commands.comment import comment
from automation.commands.cost import cost
from automation.commands.delivery import brief, delivered, smoke
from automation.commands.ends import ENDS
from automation.commands.evolving import evolve
from automation.commands.preflight import preflight
from automation.commands.registering import register
from automation.commands.resending import resend
from automation.commands.scaling import scale
from automation.commands.scoring import score
from automation.commands.shadow import compare, shadow
from automation.commands.shipping import ship
from automation.exits import Exit

#: All commands, in the order of --help. A name is the function's, with hyphens.
COMMANDS: Final[Sequence[Callable[..., Any]]] = (
    stacks.preview,
    stacks.up,
    stacks.refresh,
    stopping.stop,
    stopping.wake,
    teardown.destroy,
    stacks.drift,
    stacks.outputs,
    stacks.cancel,
    stacks.policies,
    environments.new_stack,
    workloads.new_workload,
    preflight,
    watching.status,
    watching.verify,
    watching.logs,
    smoke,
    acts.publish,
    ship,
    acts.deliver,
    resend,
    evolve,
    acts.retrain,
    register,
    acts.approve,
    archive,
    acts.promote,
    acts.split,
    shadow,
    compare,
    scale,
    score,
    acts.halt,
    acts.rollback,
    acts.follow,
    cost,
    advise,
    comment,
    brief,
    delivered,
)

app = typer.Typer(
    name="python -m automation",
    help="Act on a stack.\n\nExit codes:\n\n" + "\n\n".join(f"{code:d}  {code.meaning}" for code in Exit),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(environments.ephemerals)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. What went wrong stands on standard error."""
    return ended(lambda: app(args=None if argv is None else list(argv), prog_name=app.info.name))


def ended(act: Callable[[], object]) -> int:
    """Run an act of a command or a script; returns the exit code that its end has, its reason on standard error."""
    try:
        act()
    except tuple(ENDS) as error:
        code, title = next(end for kind, end in ENDS.items() if isinstance(error, kind))
        return _said(code, f"{title}: {error}")
    except OSError as error:
        return _said(Exit.REFUSED, f"error: {error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        return _said(Exit.INTERRUPTED, Exit.INTERRUPTED.meaning)
    except SystemExit as exited:  # how typer ends for --help, a wrong command line, and Ctrl-C
        code = int(exited.code or 0)
        if code == Exit.INTERRUPTED:
            return _said(Exit.INTERRUPTED, Exit.INTERRUPTED.meaning)
        reason.keep(Exit(code).meaning if code else None)
        return code
    reason.keep(None)
    return Exit.DONE


def _said(code: Exit, text: str) -> int:
    typer.echo(text, file=sys.stderr)
    reason.keep(text)
    return code
