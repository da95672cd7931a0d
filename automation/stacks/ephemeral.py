"""Stacks of a pull request: made from a template, judged as dev by their name, and gone by a time that they carry.

The time is a tag (`Expires`) of the stack's config, so that every resource has it too, and whoever has the backend can
find and take down what was left, from wherever it was made.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pulumi import automation as auto

from automation.operations.errors import RefusedError
from automation.stacks import deployment, environments, teardown, workspace
from automation.stacks.causes import cause
from automation.stacks.log import Watch
from automation.stacks.places import Place
from automation.stacks.teardown import Teardown

#: What the name of such a stack begins with: the policy pack judges it as dev (docs/policies.md, "Levels").
PREFIX: Final = "pr-"
EXPIRES: Final = "Expires"
_TAGS: Final = "ml-platform:tags"


@dataclass(frozen=True, kw_only=True)
class Ephemeral:
    """Such a stack, when its time is over (None where nobody wrote one), and where its state is (None: where the CLI is
    logged in).
    """

    stack: str
    expires: datetime | None
    backend: str | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires is not None and self.expires <= now


def create(stack: str, template: str, hours: int, project: Path, *, secrets_provider: str | None = None) -> auto.Stack:
    """A stack after a template that lives so many hours; one that is there gets a new time. Nothing is deployed yet.

    Its data is not protected, whatever the template says.
    """
    if not stack.startswith(PREFIX):
        raise RefusedError(f"--stack: found {stack!r}; allowed: a name that begins with {PREFIX}, such as {PREFIX}12")
    expires = (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")
    made = not environments.stack_file(stack, project).exists()
    if made:
        at, tags = Place(secrets_provider=secrets_provider), {EXPIRES: expires}
        environments.write(stack, template, project, at=at, protect=False, tags=tags, copy_levels=False)
    else:
        environments.set_tag(stack, project, EXPIRES, expires)
    try:
        return workspace.create(stack, project, secrets_provider)
    except BaseException:
        if made:
            environments.remove(stack, project)
        raise


def listed(project: Path) -> list[Ephemeral]:
    """All of them that the backends of the project's stacks have, the first to go first."""
    stacks = [file.stem.removeprefix("Pulumi.") for file in project.glob("Pulumi.*.yaml")]
    urls = {workspace.backend(stack, project) for stack in stacks} or {None}
    # Where the CLI is logged in first: it may be one of the others.
    found = {name: url for url in sorted(urls, key=lambda url: url or "") for name in _named(project, url)}
    all_ = [Ephemeral(stack=name, expires=_expires(name, project, url), backend=url) for name, url in found.items()]
    return sorted(all_, key=lambda each: (each.expires is None, each.expires or datetime.max.replace(tzinfo=UTC)))


def _named(project: Path, url: str | None) -> list[str]:
    where = workspace.workspace(PREFIX, project, url=url)
    try:
        names = [found.name.rpartition("/")[2] for found in where.list_stacks()]
    except auto.CommandError as error:
        raise cause(error, PREFIX) from error
    return [name for name in names if name.startswith(PREFIX)]


def take_down(
    stack: str,
    client: Callable[[str], Any],
    project: Path,
    *,
    region: str,
    tell: Callable[[str], None] = lambda _: None,
    watch: Watch = lambda _: None,
) -> Teardown:
    """Delete the stack with all data in it, take it out of the backend, and its files with it."""
    engine = workspace.select(stack, project)
    done = teardown.tear_down(engine, client, region=region, empty=True, tell=tell, watch=watch)
    deployment.remove(engine)
    environments.remove(stack, project)
    return done


def fetch_config(found: Ephemeral, project: Path) -> None:
    """Where a stack was made elsewhere: write its file as its last update had it."""
    stack = found.stack
    if not environments.stack_file(stack, project).exists():
        engine = workspace.select(stack, project, url=found.backend)
        try:
            engine.refresh_config()
        except auto.CommandError as error:
            raise cause(error, stack) from error


def _expires(stack: str, project: Path, url: str | None) -> datetime | None:
    """From the stack's file, or where it was made elsewhere from the config of its last update."""
    if environments.stack_file(stack, project).exists():
        tags: Any = (environments.read(stack, project).get("config") or {}).get(_TAGS)
    else:
        last = workspace.select(stack, project, url=url).info(show_secrets=False)
        tags = last.config[_TAGS].value if last and _TAGS in last.config else None
    tags = json.loads(tags) if isinstance(tags, str) else tags
    try:
        return datetime.fromisoformat((tags or {})[EXPIRES])
    except (KeyError, ValueError):
        return None
