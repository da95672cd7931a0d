"""The commands `synth` and `preview`, as functions that give the text to print."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

from local import disk
from local.adapter import Adapter
from local.emulator.client import Emulator, EmulatorError, attach
from local.judge.runner import PolicyRunner
from local.runtime import synth, tree
from local.runtime.errors import ConfigError
from local.runtime.model import Cloud, Op, PolicyFactory, Preview, Violation
from local.runtime.stack import PROJECT_DIRECTORY, Stack


def run_synth(stack: Stack, *, out: str | None = None, bootstrap: bool = False) -> str:
    """Write every resource of a stack as JSON, to `<home>/synth.json` or `out`; `-` gives the JSON itself."""
    document = synth.text(stack.synth(bootstrap=bootstrap))
    if out == "-":
        return document.rstrip("\n")
    path = Path(out) if out else stack.home / "synth.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.write(path, document)
    return f"{len(json.loads(document)['resources'])} resources of {stack.project}/{stack.name} in {path}"


def run_preview(stack: Stack) -> str:
    """Say what an update would do to the running emulator, or to an empty account when none is running.

    Raises PolicyViolationError and RefusedError with everything that stands against it.
    """
    running = running_emulator(stack)
    cloud = cloud_of(running) if running else None
    preview = stack.preview(cloud, policy_factory(stack))
    against = cloud.endpoint_url if cloud else "an empty account, as no emulator is running"
    return "\n".join([f"Preview of {stack.project}/{stack.name} against {against}", *_lines(preview)])


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


def cloud_of(emulator: Emulator) -> Cloud:
    """What an emulator holds, as a deployment changes it."""
    return Adapter(emulator.url, emulator.account, emulator.region)


def running_emulator(stack: Stack) -> Emulator | None:
    """The emulator that `up --keep` left running for a stack (`<home>/emulator.json`), None when it has ended.

    What answers under its URL must be the same process: a port that is free again may be another stack's by now.
    """
    record = stack.home / "emulator.json"
    if not record.is_file():
        return None
    try:
        left = json.loads(record.read_text(encoding="utf-8"))
        running = attach(left["url"])
    except (EmulatorError, ValueError, LookupError, TypeError):  # gone, or a record that was cut off
        return None
    return running if running.pid == left["pid"] else None


def _lines(preview: Preview) -> list[str]:
    lines = tree.lines(preview)
    policies, resources = preview.judged_by
    lines.append(
        f"{tree.counted(preview.changes) or 'nothing to change'}; {len(preview.changes[Op.SAME])} stay the same"
    )
    lines.append(f"{policies} policies judged {resources} resources: no mandatory violation")
    lines += _findings(preview.advisories)
    if preview.undecided:
        waiting = sorted({found.policy for found in preview.undecided})
        lines.append(
            f"  decided in the update only, of {len(preview.undecided)} values that are not known yet: "
            + ", ".join(waiting)
        )
    return lines


def _findings(advisories: Sequence[Violation]) -> list[str]:
    """One line a policy: what it says of the first resource, and how many more there are."""
    by_policy: dict[str, list[Violation]] = {}
    for found in advisories:
        by_policy.setdefault(found.policy, []).append(found)
    return [
        f"  advisory: {policy}: {first.message}" + (f" (and {len(others)} more)" if others else "")
        for policy, (first, *others) in by_policy.items()
    ]
