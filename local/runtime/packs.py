"""The project's policy pack as the deployments of a stack ask it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

from local.judge.runner import PolicyRunner
from local.runtime.errors import ConfigError
from local.runtime.model import PolicyFactory
from local.runtime.stack import PROJECT_DIRECTORY, Stack


def policy_factory(
    stack: Stack, pack: Path = PROJECT_DIRECTORY / "policies", levels: str | None = None
) -> Callable[[bool], PolicyRunner]:
    """The project's policy pack with the levels `policies/config/<levels>.json`, by default those of the stack."""
    path = pack / "config" / f"{levels or stack.name}.json"
    if levels and not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.json")))
        raise ConfigError([f"--levels: found {levels!r}; allowed: {known}"])
    return lambda dry_run: PolicyRunner(
        pack,
        stack=stack.name,
        project=stack.project,
        config_path=path if path.is_file() else None,
        dry_run=dry_run,
        stack_config=stack.config,
    )


@contextmanager
def kept_packs(stack: Stack, levels: str | None = None) -> Generator[PolicyFactory]:
    """The pack's processes for several deployments in a row: one for previews, one for updates, started at once.

    The engine starts two for each deployment; what they say depends on the resources alone.
    """
    factory = policy_factory(stack, levels=levels)
    runners = {dry_run: factory(dry_run) for dry_run in (True, False)}
    with ExitStack() as exits:
        for runner in runners.values():
            exits.callback(runner.close)
            runner.start()
        yield lambda dry_run: nullcontext(runners[dry_run].open())
