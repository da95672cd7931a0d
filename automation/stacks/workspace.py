"""Finding a stack: the project, its backend, and the policy pack that judges every run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pulumi import automation as auto

from automation.operations import stack_files
from automation.operations.errors import RefusedError
from automation.stacks.causes import cause

PROJECT: Final = Path(__file__).parents[2]
CLI: Final = "https://www.pulumi.com/docs/install/"
NO_CLI: Final = f"the Pulumi CLI is not on PATH; install it ({CLI}), then give the same command"
#: The program asks for these where a stack is protected (components/ground/judged.py): it cannot see the flags.
PACK, LEVELS = "PULUMI_OPTION_POLICY_PACK", "PULUMI_OPTION_POLICY_PACK_CONFIG"
#: Key of a stack's file, and the CLI's variable: where its state is.
BACKEND, BACKEND_URL = "ml-platform:backend", "PULUMI_BACKEND_URL"

#: The engine of one stack, as other rooms hand it on.
Engine = auto.Stack


class Workspace(auto.LocalWorkspace):
    """The project's directory. Naming a stack leaves the one alone that a bare `pulumi up` acts on."""

    def select_stack(self, stack_name: str) -> None:
        """See that the stack is there."""
        self._run_pulumi_cmd_sync(["stack", "--show-name", "--stack", stack_name])

    def create_stack(self, stack_name: str) -> None:
        """Make the stack in the backend."""
        provider = ["--secrets-provider", self.secrets_provider] if self.secrets_provider else []
        self._run_pulumi_cmd_sync(["stack", "init", stack_name, "--no-select", *provider])


def policies(stack: str, project: Path = PROJECT) -> Mapping[str, list[str]]:
    """The pack and the stack's levels, as `up` and `preview` of the Automation API take them."""
    levels = project / "policies" / "config" / f"{stack}.json"
    packs = {"policy_packs": [str(project / "policies")]}
    return packs | ({"policy_pack_configs": [str(levels)]} if levels.is_file() else {})


def backend(stack: str, project: Path = PROJECT) -> str | None:
    """Where a stack's state is, as its file says; None where it is wherever the CLI is logged in."""
    path = project / f"Pulumi.{stack}.yaml"
    return (stack_files.read(path).get("config") or {}).get(BACKEND) or None if path.is_file() else None


def workspace(
    stack: str, project: Path = PROJECT, secrets_provider: str | None = None, *, url: str | None = None
) -> Workspace:
    """The project with the environment that a stack's runs have, on the backend of its file or, where that names none,
    on `url`. RefusedError without a CLI or with an old one.
    """
    judged = policies(stack, project)
    # Empty where there are none: another stack's levels may stand in the shell, which sourced .envrc.
    variables = {PACK: judged["policy_packs"][0], LEVELS: "".join(judged.get("policy_pack_configs", []))}
    place = backend(stack, project) or url
    try:
        return Workspace(
            work_dir=str(project),
            env_vars={
                **variables,
                **({BACKEND_URL: place} if place else {}),
                "PULUMI_SKIP_UPDATE_CHECK": "true",
            },
            secrets_provider=secrets_provider,
        )
    except FileNotFoundError as error:
        raise RefusedError(NO_CLI) from error
    except auto.InvalidVersionError as error:
        raise RefusedError(f"the Pulumi CLI on PATH: {error}") from error


def select(stack: str, project: Path = PROJECT, *, url: str | None = None) -> auto.Stack:
    """A stack that is in the backend. RefusedError for one that is not, with the command that makes it."""
    where = workspace(stack, project, url=url)
    try:
        return auto.Stack.select(stack, where)
    except auto.CommandError as error:
        raise cause(error, stack) from error


def create(stack: str, project: Path = PROJECT, secrets_provider: str | None = None) -> auto.Stack:
    """A stack, made in the backend where it is not there yet."""
    where = workspace(stack, project, secrets_provider)
    try:
        return auto.Stack.create_or_select(stack, where)
    except auto.CommandError as error:
        raise cause(error, stack) from error


def state(stack: auto.Stack) -> Mapping[str, Any]:
    """The stack's state as the backend has it, secrets encrypted."""
    try:
        return json.loads(stack._run_pulumi_cmd_sync(["stack", "export"]).stdout)
    except auto.CommandError as error:
        raise cause(error, stack.name) from error
