"""The command line: `python -m automation <act> --stack <stack>`. Exit codes are those of `EXITS`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Final

import typer
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from automation.commands import acts
from automation.operations.errors import RefusedError
from contracts.names import NamesError
from contracts.release import ReleaseError
from contracts.release.lock import BusyError

INTERRUPTED: Final = 130
#: What an exit code says.
EXITS: Final[Mapping[int, str]] = {
    0: "done",
    1: "refused: the message says what was found, what is allowed and what to do",
    2: "the command line is wrong",
    3: "busy: somebody else is at it, or the endpoint is on its way; try again",
    4: "AWS failed, cannot be reached, or does not allow it",
    INTERRUPTED: "interrupted: the same command goes on from where things stand",
}

app = typer.Typer(
    name="python -m automation",
    help="Act on a stack that is deployed.\n\nExit codes:\n\n"
    + "\n\n".join(f"{code}  {meaning}" for code, meaning in EXITS.items()),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for act in (
    acts.publish,
    acts.deliver,
    acts.retrain,
    acts.approve,
    acts.promote,
    acts.split,
    acts.rollback,
    acts.follow,
):
    app.command()(act)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. What went wrong stands on standard error."""
    try:
        app(args=None if argv is None else list(argv), prog_name=app.info.name)
    except (RefusedError, ReleaseError, NamesError, LookupError) as error:
        return _ended(1, f"error: {error}")
    except OSError as error:
        return _ended(1, f"error: {error.filename}: {error.strerror}")
    except BusyError as error:
        return _ended(3, f"busy: {error}")
    except (ClientError, BotoCoreError, Boto3Error) as error:
        return _ended(4, f"AWS: {error}")
    except SystemExit as ended:  # how typer ends for --help, a wrong command line, and Ctrl-C
        code = int(ended.code or 0)
        return _ended(code, EXITS[code]) if code == INTERRUPTED else code
    return 0


def _ended(code: int, text: str) -> int:
    typer.echo(text, file=sys.stderr)
    return code
