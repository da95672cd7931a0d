"""What a command says: lines for people, one JSON object for programs; and the question before an act."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer

from automation.operations.errors import RefusedError


@dataclass(frozen=True, kw_only=True)
class Output:
    """`as_json`: one JSON object on standard output at the end; lines on the way go to standard error."""

    as_json: bool
    yes: bool = False

    def say(self, text: str) -> None:
        """One line on the way."""
        typer.echo(text, err=self.as_json)

    def done(self, text: str, result: Mapping[str, Any]) -> None:
        """The end: a line for people, or the result."""
        typer.echo(json.dumps(result) if self.as_json else text)

    def confirm_name(self, question: str, name: str) -> None:
        """Ask for a name before what cannot be taken back. Raises RefusedError for another one, as `confirm` does."""
        if self.yes:
            return
        if not sys.stdin.isatty():
            raise RefusedError(f"{question} Nobody can answer here: give --yes")
        try:
            found: str = typer.prompt(f"{question} Type {name} to go on", default="", show_default=False, err=True)
        except typer.Abort as interrupted:
            raise KeyboardInterrupt from interrupted
        if found != name:
            raise RefusedError(f"found {found!r}; allowed: {name}; nothing was done")

    def confirm(self, question: str) -> None:
        """Ask before an act. Raises RefusedError for a no, and without --yes where nobody can answer."""
        if self.yes:
            return
        if not sys.stdin.isatty():
            raise RefusedError(f"{question} Nobody can answer here: give --yes")
        try:
            agreed = typer.confirm(question, err=True)
        except typer.Abort as interrupted:
            raise KeyboardInterrupt from interrupted
        if not agreed:
            raise RefusedError("nothing was done")
