"""`comment`: what a pull request is told of a stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from automation.commands.options import Stack
from automation.evidence.comment import comment as written
from automation.operations.errors import RefusedError

#: What each of the files has at least.
_TOLD = {"preview": "steps", "cost": "total", "policies": "report"}


def comment(
    directory: Annotated[Path, typer.Argument(help="Where preview.json, cost.json and policies.json are.")],
    stack: Stack,
) -> None:
    """Write what a pull request is told of a stack, as Markdown.

    The files are what `preview`, `cost --against` and `policies` print with --json. One that is not there, or empty
    because its command failed, is told as such.
    """
    typer.echo(written(stack, **read(directory)), nl=False)


def read(directory: Path) -> dict[str, Mapping[str, Any] | None]:
    """What each of the files says; None for one that is not there, or empty."""
    return {name: _read(directory / f"{name}.json", key) for name, key in _TOLD.items()}


def _read(path: Path, key: str) -> Mapping[str, Any] | None:
    content = path.read_bytes() if path.is_file() else b""
    if not content.strip():
        return None
    try:
        found = json.loads(content)
    except ValueError as error:
        raise RefusedError(f"{path}: found no JSON ({error}); give what a command printed with --json") from error
    if not isinstance(found, dict) or key not in found:
        raise RefusedError(f"{path}: found no {key!r}; give what `{path.stem}` printed with --json")
    return found
