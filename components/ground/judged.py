"""Whether the policy pack judges this run of the program, asked before anything is declared.

A bare `pulumi up` runs no local pack. Every flag of the CLI has a variable (since 3.208), and the program sees the
variable, not the flag: so a stack that holds what must not be lost asks for the two variables of the pack. This is a
reminder, not a wall. It does not stop who sets the variable and switches the pack off by flag, changes the pack or the
program, or works beside Pulumi; a policy group of a Pulumi organisation does (docs/policies.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pulumi

PACK: Final = "PULUMI_OPTION_POLICY_PACK"
LEVELS: Final = "PULUMI_OPTION_POLICY_PACK_CONFIG"
PROJECT: Final = Path(__file__).parents[2]


def variables(stack: str, project: Path = PROJECT) -> dict[str, Path]:
    """What has to be set for a stack: the pack, and the levels of the stack where the pack has a file of them."""
    levels = project / "policies" / "config" / f"{stack}.json"
    return {PACK: project / "policies"} | ({LEVELS: levels} if levels.is_file() else {})


def require(stack: str, environment: Mapping[str, str], project: Path = PROJECT) -> None:
    """Raise pulumi.RunError when the environment does not have the project's pack judge the stack.

    A variable may name several, comma-separated, as the flag may be repeated.
    """
    wanted = variables(stack, project)
    missing = {name: path for name, path in wanted.items() if path not in _paths(environment.get(name, ""), project)}
    if not missing:
        return
    found = "\n".join(
        f"  {name}: found {environment.get(name, 'nothing')!r}; allowed: {path.relative_to(project)}"
        for name, path in missing.items()
    )
    raise pulumi.RunError(
        f"stack {stack} has ml-platform:protect, and no policy pack would judge this run:\n{found}\n"
        f"run `{up_command(stack, project)}` (.envrc exports the variables, for the stack in PULUMI_STACK), or set "
        "ml-platform:require_policies to false where a Pulumi organisation enforces the pack"
    )


def up_command(stack: str, project: Path = PROJECT) -> str:
    """The `pulumi up` of a stack that is judged, to run in the project's directory."""
    wanted = (f"{name}={path.relative_to(project)}" for name, path in variables(stack, project).items())
    return f"{' '.join(wanted)} pulumi up --stack {stack}"


def _paths(text: str, project: Path) -> set[Path]:
    return {(project / part).resolve() for part in text.split(",") if part}
